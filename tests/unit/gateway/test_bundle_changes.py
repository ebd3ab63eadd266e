"""What is said of a bundle that is another one now."""

import hashlib

from pampax.gateway.bundle_changes import changes, compared
from pampax.v1.assembly_service_pb2 import Bundle, BundleVersions, TokenBudget
from pampax.v1.gateway_service_pb2 import BundleState, KeptBundle
from pampax.v1.search_service_pb2 import SnapshotInfo

COMMIT, LATER = "ab" * 20, "cd" * 20


def snapshot(name: str = "shop", **changed: object) -> SnapshotInfo:
    usual = {"ref": "main", "commit": COMMIT, "generation": 3, "build": "b1"}
    return SnapshotInfo(repository=f"repositories/{name}", **{**usual, **changed})


def bundle(*snapshots: SnapshotInfo, code: str = "0.2.1", assembly: int = 3, ranking: str = "5", exact: bool = True):
    return Bundle(
        signature="5e" * 32,
        markdown="text\n",
        snapshots=snapshots or [snapshot()],
        versions=BundleVersions(code=code, assembly=assembly, ranking=ranking),
        budget=TokenBudget(tokenizer="o200k_base", exact=exact),
    )


def kept(made: Bundle) -> KeptBundle:
    return KeptBundle(bundle=made, markdown_sha256=hashlib.sha256(made.markdown.encode()).digest())


def test_nothing_is_said_of_the_same():
    assert list(changes(bundle(), bundle())) == []
    assert compared(kept(bundle()), bundle()).state == BundleState.BUNDLE_STATE_SAME


def test_every_identity_is_told_by_its_name():
    before = bundle(snapshot(), snapshot("gone"), snapshot("moved"))
    now = bundle(
        snapshot(generation=4, commit=LATER, build="b2"), snapshot("moved", ref="next", generation=1), snapshot("new"),
        code="0.2.2", assembly=4, ranking="6", exact=False,
    )  # fmt: skip
    assert list(changes(before, now)) == [
        "gone was read then and is not now",
        "moved is read at next now, it was main",
        "new is read now and was not then",
        "shop (main) was published again: generation 3 -> 4, commit ababababab -> cdcdcdcdcd",
        "shop (main) has another build: b1 -> b2",
        "ranking has version 6 now, it was 5",
        "assembly has version 4 now, it was 3",
        "PAMPAX has version 0.2.2 now, it was 0.2.1",
        "tokenizer o200k_base is an estimate now, it was exact",
    ]


def test_a_publish_of_the_same_commit_is_told_as_one():
    (line,) = changes(bundle(), bundle(snapshot(generation=4)))
    assert line.endswith("generation 3 -> 4, commit ababababab as before")


def test_a_search_that_was_away_has_no_ranking():
    assert list(changes(bundle(), bundle(ranking=""))) == []


def test_another_signature_over_the_same_identities_is_a_ref_made_again():
    now = bundle()
    now.signature = "77" * 32
    assert list(compared(kept(bundle()), now).changes) == ["a ref was deleted and indexed again"]


def test_what_is_degraded_and_published_again_has_changed():
    now = bundle(snapshot(generation=4))
    now.signature, now.degraded[:], now.notices[:] = "", ["semantic"], ["9 vectors pending"]
    answer = compared(kept(bundle()), now)
    assert answer.state == BundleState.BUNDLE_STATE_CHANGED
    assert answer.changes[1] == "not whole now: 9 vectors pending; try again later"
