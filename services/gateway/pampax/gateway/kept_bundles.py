"""Bundles that were given, kept in Redis under their signature for a day, with all that tells later what changed."""

from __future__ import annotations

import hashlib

from google.protobuf.message import DecodeError

from pampax.core.errors import NotFound, Unavailable
from pampax.core.identity import Caller
from pampax.core.names import repository_resource
from pampax.gateway import bounds
from pampax.gateway.scope import Scope
from pampax.storage.cache import Cache
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest, Bundle
from pampax.v1.gateway_service_pb2 import KeptBundle
from pampax.v1.search_service_pb2 import CacheStatus

KEPT_S = 24 * 3600  # from when it was given last
NOT_KEPT = "BUNDLE_NOT_KEPT"


class KeptBundles:
    """Per tenant, under the first digits of the signature: that many are never shared by two bundles of one day."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def keep(self, scope: Scope, request: AssembleBundleRequest, bundle: Bundle) -> None:
        """For a day from now. A degraded bundle has no signature and is not kept; nor is any while Redis is away."""
        if not bundle.signature or not self._cache.available:
            return
        key = _key(scope.caller, bundle.signature)
        if bundle.cache == CacheStatus.CACHE_STATUS_HIT and await self._cache.prolong(key, KEPT_S):
            return
        ids = {repository_resource(each.repository): each.repository_id for each in scope.snapshots}
        read = [each.repository for each in bundle.snapshots]
        if not ids.keys() >= set(read):  # one was published for the first time meanwhile
            return
        kept = KeptBundle(
            request=request,
            bundle=bundle,
            repository_ids=[ids[name] for name in read],
            markdown_sha256=hashlib.sha256(bundle.markdown.encode()).digest(),
        )
        await self._cache.set(key, _bounded(kept), KEPT_S)

    async def find(self, caller: Caller, signature: str) -> KeptBundle:
        """By the first digits or all. NotFound when none is kept, Unavailable while Redis is away."""
        try:
            stored = await self._cache.need(_key(caller, signature))
        except Unavailable as error:
            raise Unavailable(
                f"bundles are kept in Redis: {error.message}; try again when `pampax health` finds it well",
                reason=error.reason,
                metadata=error.metadata,
                retry_after_s=error.retry_after_s,
            ) from error
        kept = None if stored is None else _decoded(stored)
        if kept is None or not kept.bundle.signature.startswith(signature):
            raise not_kept(signature)
        return kept


def not_kept(signature: str) -> NotFound:
    """One answer for all that cannot be shown: it tells nobody whether there is something that they may not read."""
    return NotFound(
        f"no bundle {signature[: bounds.SHORT_SIGNATURE]} is kept for this key: one is kept for a day after it was "
        "given, while every repository in it can be read; assemble it again",
        reason=NOT_KEPT,
    )


def _key(caller: Caller, signature: str) -> str:
    return f"v1:kept:{caller.tenant_id}:{signature[: bounds.SHORT_SIGNATURE]}"


def _bounded(kept: KeptBundle) -> bytes:
    """Without its text where it is too large: it can still be verified."""
    kept.bundle.cache = CacheStatus.CACHE_STATUS_UNSPECIFIED
    # Times belong to the run that took them: what is verified later is asked for without.
    kept.bundle.ClearField("timings")
    kept.request.ClearField("timings")
    if kept.ByteSize() > bounds.KEPT_BUNDLE_BYTES:
        kept.too_large = True
        for field in ("markdown", "items", "omitted"):
            kept.bundle.ClearField(field)
    return kept.SerializeToString()


def _decoded(stored: bytes) -> KeptBundle | None:
    try:
        return KeptBundle.FromString(stored)
    except DecodeError:  # written by another version
        return None
