"""Protobuf <-> domain, nothing else."""

from __future__ import annotations

from pampax.assembly.bundle import Bundle, Evidence, Item, Omitted, Rendering
from pampax.assembly.request import BundleRequest
from pampax.assembly.signature import ASSEMBLY_VERSION
from pampax.core.errors import InvalidRequest
from pampax.core.version import own_version
from pampax.storage.snapshots import Snapshot
from pampax.v1 import assembly_service_pb2 as pb
from pampax.v1 import search_service_pb2 as search_pb

PREFIX = "repositories/"
_RENDERINGS = {
    Rendering.FULL: pb.RENDERING_FULL,
    Rendering.SKELETON: pb.RENDERING_SKELETON,
    Rendering.SIGNATURE: pb.RENDERING_SIGNATURE,
    Rendering.REFERENCE: pb.RENDERING_REFERENCE,
}


def bundle_request(message: pb.AssembleBundleRequest) -> BundleRequest:
    """As it came; `request.normalised` fills defaults and checks bounds."""
    if message.pack:
        raise InvalidRequest("the gateway narrows by a context pack; ask it", fields={"pack": "must be empty here"})
    return BundleRequest(
        task=message.task,
        repositories=tuple(_repository_id(name) for name in message.repositories) or None,
        ref=message.ref or None,
        token_budget=message.token_budget,
        tokenizer=message.tokenizer,
        seed_paths=tuple(message.seed_paths),
        languages=tuple(message.languages),
        path_globs=tuple(message.path_globs),
        kinds=tuple(message.kinds),
    )


def bundle_message(bundle: Bundle) -> pb.Bundle:
    return pb.Bundle(
        signature=bundle.signature,
        markdown=bundle.markdown,
        items=[_item(item) for item in bundle.items],
        omitted=[_omitted(omitted) for omitted in bundle.omitted],
        budget=pb.TokenBudget(
            limit=bundle.budget.limit,
            used=bundle.budget.used,
            tokenizer=bundle.budget.tokenizer,
            exact=bundle.budget.exact,
        ),
        stopping_reason=bundle.stopping_reason.value,
        degraded=bundle.degraded,
        notices=bundle.notices,
        snapshots=[_snapshot(snapshot) for snapshot in bundle.snapshots],
        versions=pb.BundleVersions(code=own_version(), assembly=ASSEMBLY_VERSION, ranking=bundle.ranking),
    )


def _item(item: Item) -> pb.BundleItem:
    return pb.BundleItem(
        repository=PREFIX + item.repository,
        path=item.path,
        start_line=item.start_line,
        end_line=item.end_line,
        rendering=_RENDERINGS[item.rendering],
        tokens=item.tokens,
        reason=item.reason,
        evidence=[_evidence(part) for part in item.evidence],
        content=item.content,
        language=item.language,
        symbol=item.symbol,
    )


def _omitted(omitted: Omitted) -> pb.OmittedItem:
    return pb.OmittedItem(
        repository=PREFIX + omitted.repository,
        path=omitted.path,
        start_line=omitted.start_line,
        end_line=omitted.end_line,
        tokens=omitted.tokens,
        reason=omitted.reason,
        symbol=omitted.symbol,
    )


def _evidence(part: Evidence) -> search_pb.Evidence:
    return search_pb.Evidence(
        source=part.source, rank=part.rank, score=part.score, value=part.value, detail=part.detail
    )


def _snapshot(snapshot: Snapshot) -> search_pb.SnapshotInfo:
    return search_pb.SnapshotInfo(
        repository=PREFIX + snapshot.repository,
        ref=snapshot.ref,
        commit=snapshot.commit,
        generation=snapshot.generation,
        build=snapshot.build,
        publish_time_s=snapshot.published_at,
    )


def _repository_id(name: str) -> str:
    """The last part of `repositories/{repository}`."""
    if not name.startswith(PREFIX) or name == PREFIX:
        raise InvalidRequest(
            f"repositories must look like repositories/NAME, got {name!r}",
            fields={"repositories": "must look like repositories/NAME"},
        )
    return name.removeprefix(PREFIX)
