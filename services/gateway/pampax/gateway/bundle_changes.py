"""What became of a kept bundle: the same, or what its bytes rest on and changed, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pampax.core.names import plain_repository
from pampax.v1.assembly_service_pb2 import Bundle
from pampax.v1.gateway_service_pb2 import BundleState, KeptBundle, VerifyBundleResponse
from pampax.v1.search_service_pb2 import SnapshotInfo

_COMMIT_CHARS = 10


def compared(kept: KeptBundle, current: Bundle) -> VerifyBundleResponse:
    """`current` is what the kept request gives now."""
    answer = VerifyBundleResponse(signature=kept.bundle.signature)
    if current.signature == kept.bundle.signature and _same_bytes(kept, current):
        answer.state = BundleState.BUNDLE_STATE_SAME
        return answer
    answer.current.CopyFrom(current)
    answer.changes.extend(changes(kept.bundle, current))
    answer.state = BundleState.BUNDLE_STATE_CHANGED
    if current.degraded:
        if not answer.changes:
            answer.state = BundleState.BUNDLE_STATE_UNKNOWN
        answer.changes.append(f"not whole now: {'; '.join(current.notices) or _without(current)}; try again later")
    elif not answer.changes:
        answer.changes.append(
            "the text is another under the same signature, which is a fault of PAMPAX: report it"
            if current.signature == kept.bundle.signature
            else "a ref was deleted and indexed again"
        )
    return answer


def changes(before: Bundle, now: Bundle) -> Iterator[str]:
    """A line each: snapshots by repository, then versions, then who counts."""
    then = {each.repository: each for each in before.snapshots}
    current = {each.repository: each for each in now.snapshots}
    for name in sorted(then.keys() | current.keys()):
        plain = plain_repository(name)
        if name not in then:
            yield f"{plain} is read now and was not then"
        elif name not in current:
            yield f"{plain} was read then and is not now"
        else:
            yield from _snapshot_changes(plain, then[name], current[name])
    for what, old, new in (
        ("ranking", before.versions.ranking, now.versions.ranking),
        ("assembly", str(before.versions.assembly), str(now.versions.assembly)),
        ("PAMPAX", before.versions.code, now.versions.code),
    ):
        if new and new != old:
            yield f"{what} has version {new} now, it was {old or 'unknown'}"
    if before.budget.exact != now.budget.exact:
        counted = "counts exactly now, it was an estimate" if now.budget.exact else "is an estimate now, it was exact"
        yield f"tokenizer {now.budget.tokenizer} {counted}"


def _snapshot_changes(name: str, then: SnapshotInfo, now: SnapshotInfo) -> Iterator[str]:
    if then.ref != now.ref:
        yield f"{name} is read at {now.ref} now, it was {then.ref}"
    elif (then.generation, then.commit) != (now.generation, now.commit):
        yield (
            f"{name} ({now.ref}) was published again: generation {then.generation} -> {now.generation}, "
            f"{_commits(then.commit, now.commit)}"
        )
    if then.build != now.build:
        yield f"{name} ({now.ref}) has another build: {then.build} -> {now.build}"


def _commits(then: str, now: str) -> str:
    if then == now:
        return f"commit {then[:_COMMIT_CHARS]} as before" if then else "no commit"
    return f"commit {then[:_COMMIT_CHARS] or 'none'} -> {now[:_COMMIT_CHARS] or 'none'}"


def _without(bundle: Bundle) -> str:
    return f"made without {', '.join(bundle.degraded)}"


def _same_bytes(kept: KeptBundle, current: Bundle) -> bool:
    return hashlib.sha256(current.markdown.encode()).digest() == kept.markdown_sha256
