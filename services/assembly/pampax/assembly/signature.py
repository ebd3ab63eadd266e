"""The signature of a bundle: a hash of everything that its bytes depend on.

Two bundles with one signature are the same bytes, whichever replica made them. What differs from run to run without a
change of the text (times, ages) is no part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from pampax.assembly.request import BundleRequest
from pampax.core.version import own_version
from pampax.storage.snapshots import Snapshot

# Raise when the same candidates would give another text, other items or another order than before.
ASSEMBLY_VERSION = 7


def sign(
    request: BundleRequest,
    tenant_id: UUID,
    snapshots: Sequence[Snapshot],
    *,
    ranking: str,
    exact: bool,
    pasts: Iterable[str] = (),
) -> str:
    """Hex of SHA-256 over canonical JSON. `request` is normalised; `snapshots` are what the caller may read of it;
    `ranking` is the version that search ranked with; `exact` tells whether the tokenizer counts or estimates; `pasts`
    are digests of the histories that were looked into."""
    document = {
        "code": own_version(),
        "assembly": ASSEMBLY_VERSION,
        "ranking": ranking,
        "request": {
            "task": request.task,
            "repositories": request.repositories,
            "ref": request.ref,
            "token_budget": request.token_budget,
            "tokenizer": [request.tokenizer, exact],
            "seed_paths": request.seed_paths,
            "languages": request.languages,
            "path_globs": request.path_globs,
            "kinds": request.kinds,
            "must_include": request.must_include,
            "exclude_globs": request.exclude_globs,
            "wanted": [request.tests, request.docs, request.config],
            "depth": request.depth,
            "policy": request.policy,
            "format": request.format,
        },
        "tenant": str(tenant_id),
        "pasts": sorted(pasts),
        "snapshots": sorted(
            [each.repository_id, each.repository, each.ref, each.snapshot_id, each.generation, each.build, each.commit]
            for each in snapshots
        ),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
