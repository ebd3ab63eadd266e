"""Which build derived rows belong to: `{code}-{fingerprint}` and, after full re-indexing, `.{epoch}` behind it.

A full re-index derives everything into the next epoch's build beside the old one: readers keep the old rows whole until
the publish moves the ref, and what no snapshot shows any more is removed later. A refresh goes on in the latest epoch
that the repository has published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

# Raise when the same bytes would give other chunks, symbols, terms, uses or embedded texts than before.
DERIVATION_VERSION = 5


def base_version(embedder_id: str) -> str:
    """The version of everything that derived rows depend on but the content itself."""
    fingerprint = hashlib.sha256(f"{DERIVATION_VERSION}\0{embedder_id}".encode()).hexdigest()[:12]
    return f"{DERIVATION_VERSION}-{fingerprint}"


def target_version(base: str, published: Iterable[str], *, full: bool) -> str:
    """Where a run writes, given the build versions that the repository's refs show."""
    epochs = [epoch for version in published if (epoch := _epoch(base, version)) is not None]
    if not epochs:
        return base
    epoch = max(epochs) + (1 if full else 0)
    return f"{base}.{epoch}" if epoch else base


def is_of(base: str, version: str) -> bool:
    """Whether the code of that base has derived what the build holds, in whatever epoch."""
    return _epoch(base, version) is not None


def _epoch(base: str, version: str) -> int | None:
    """None for builds of another base, whose rows are of no use any more."""
    if version == base:
        return 0
    stem, _, epoch = version.rpartition(".")
    return int(epoch) if stem == base and epoch.isascii() and epoch.isdigit() else None
