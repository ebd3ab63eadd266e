"""Protobuf <-> domain, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from pampax.assembly.bundle import Budget, Bundle, Evidence, Header, Item, Omitted, Rendering
from pampax.assembly.request import DEFAULT_DEPTH, BundleRequest
from pampax.assembly.signature import ASSEMBLY_VERSION
from pampax.core.errors import InvalidRequest
from pampax.core.version import own_version
from pampax.runtime.bundle_parts import pieces_of, summary_of
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
        must_include=tuple(message.must_include),
        exclude_globs=tuple(message.exclude_globs),
        tests=message.tests,
        docs=message.docs,
        config=message.config,
        depth=message.depth if message.HasField("depth") else DEFAULT_DEPTH,
        policy=message.policy,
        format=message.format,
    )


def header_part(header: Header) -> pb.BundlePart:
    return pb.BundlePart(
        header=pb.BundleHeader(snapshots=[_snapshot(each) for each in header.snapshots], budget=_budget(header.budget))
    )


def bundle_parts(bundle: pb.Bundle, *, markdown: bool) -> Iterator[pb.BundlePart]:
    """All but the header."""
    yield from pieces_of(bundle)
    yield summary_of(bundle, markdown=markdown)


def bundle_message(bundle: Bundle, *, timings: bool = False) -> pb.Bundle:
    """`timings`: with those, which no other run of the same request has."""
    return pb.Bundle(
        signature=bundle.signature,
        markdown=bundle.markdown,
        items=[_item(item) for item in bundle.items],
        omitted=[_omitted(omitted) for omitted in bundle.omitted],
        budget=_budget(bundle.budget),
        stopping_reason=bundle.stopping_reason.value,
        degraded=bundle.degraded,
        notices=bundle.notices,
        snapshots=[_snapshot(snapshot) for snapshot in bundle.snapshots],
        versions=pb.BundleVersions(code=own_version(), assembly=ASSEMBLY_VERSION, ranking=bundle.ranking),
        confidence=pb.Confidence(value=bundle.confidence.value, reasons=bundle.confidence.reasons),
        timings=[pb.StageTiming(stage=stage, duration_ms=ms) for stage, ms in bundle.timings] if timings else (),
    )


def _budget(budget: Budget) -> pb.TokenBudget:
    return pb.TokenBudget(limit=budget.limit, used=budget.used, tokenizer=budget.tokenizer, exact=budget.exact)


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
        id=item.id,
        value=item.value,
        value_per_token=item.value_per_token,
        rank=item.rank,
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
        id=omitted.id,
        value=omitted.value,
        value_per_token=omitted.value_per_token,
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
