"""The name of a cached answer: everything that the answer depends on, hashed."""

from __future__ import annotations

import hashlib
import json
from typing import Final, TypeAlias

from google.protobuf.message import Message

from pampax.gateway.scope import Scope

# Raised with every change that lets the same request over the same snapshots be answered differently; a test holds it
# equal to the version of the search service's weights.
RANKING_VERSION: Final = "5"
# Likewise of how bundles are made; a test holds it equal to that of the assembly service.
ASSEMBLY_VERSION: Final = 7
# Fields that choose whether an answer may be given, or what is told beside it, not what is kept of it.
_WITHOUT_EFFECT = frozenset({"max_staleness", "timings"})

Json: TypeAlias = str | int | float | bool | list[str]


def cache_key(kind: str, request: Message, scope: Scope) -> str:
    """`v1:<kind>:<sha256>` of a normalised request in a scope; kind is search or bundle."""
    identity: dict[str, object] = {
        "request": _fields(request),
        "tenant": str(scope.caller.tenant_id),
        "role": scope.caller.role.value,
        "snapshots": [[s.repository_id, s.ref, s.build, s.generation, s.snapshot_id] for s in scope.snapshots],
        "ranking": RANKING_VERSION,
    }
    if kind == "bundle":
        identity["assembly"] = ASSEMBLY_VERSION
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"v1:{kind}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _fields(request: Message) -> dict[str, Json]:
    """Every field that is set, by name: one that is added to the contract later takes part by itself."""
    return {
        field.name: list(value) if field.is_repeated else value
        for field, value in request.ListFields()
        if field.name not in _WITHOUT_EFFECT
    }
