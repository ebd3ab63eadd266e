"""Which files change together, counted in commits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.changes import Change
from pampax.graph.history import HALF_LIFE_S, LEAST_TOGETHER, MOST_BESIDE, CoChange, History, pack, unpack
from pampax.graph.walking import CODE_RELATIONS, Direction, Graph, Node, Relation

from .memory_shelf import MemoryShelf


def commits(*changed: str, at: int = 0) -> list[Change]:
    """One for each word of paths."""
    each = [tuple(paths.split()) for paths in changed]
    return [Change(f"{number:040x}", at, len(paths), paths) for number, paths in enumerate(each)]


def test_two_files_that_changed_twice_together_are_told_with_their_share() -> None:
    history = History(commits("a.py b.py", "a.py b.py c.py", "a.py", "b.py d.py"))
    (found,) = history.beside("a.py")
    assert found == CoChange("b.py", 2 / 5, 2, 3)
    assert found.why == "changed together in 2 of 3 commits"
    assert history.beside("c.py") == history.beside("d.py") == history.beside("never.py") == ()


def test_always_together_is_surer_the_more_often_it_was_seen_and_never_certain() -> None:
    twice = History(commits(*["a.py b.py"] * 2)).beside("a.py")[0].confidence
    often = History(commits(*["a.py b.py"] * 40)).beside("a.py")[0].confidence
    assert 0.4 < twice < 0.6 < 0.9 < often < 1


def test_files_that_are_not_live_take_no_place() -> None:
    gone = [f"gone{number}.py" for number in range(MOST_BESIDE + 5)]
    history = History([change for path in gone for change in commits(f"a.py {path}", f"a.py {path}")]
                      + commits("a.py b.py", "a.py b.py"))  # fmt: skip
    assert [each.path for each in history.beside("a.py", lambda path: not path.startswith("gone"))] == ["b.py"]
    assert len(history.beside("a.py")) == MOST_BESIDE


def test_commits_of_few_files_and_young_ones_decide_who_is_kept() -> None:
    crowd = [f"f{number:02}.py" for number in range(MOST_BESIDE)]
    wide = [Change("1" * 40, HALF_LIFE_S, 2 + len(crowd), ("a.py", *crowd))] * 3
    narrow = commits("a.py own.py", "a.py own.py", at=HALF_LIFE_S)
    assert "own.py" in [each.path for each in History([*wide, *narrow]).beside("a.py")]
    old = [Change("2" * 40, 0, 2, ("a.py", "old.py"))] * 2
    young = [Change("3" * 40, 20 * HALF_LIFE_S, 2, ("a.py", path)) for path in crowd for _ in range(2)]
    assert "old.py" not in [each.path for each in History([*young, *old]).beside("a.py")]


def test_what_is_asked_for_many_files_is_what_may_stand_beside_one_of_them() -> None:
    history = History(commits("a.py b.py", "a.py b.py", "c.py d.py", "c.py d.py", "a.py e.py"))
    assert history.candidates(["a.py", "c.py"]) == {"b.py", "d.py"}
    assert history.knows("e.py")
    assert not history.knows("f.py")


paths = st.lists(st.text(min_size=1, max_size=9), max_size=5, unique=True).map(tuple)
changes = st.lists(
    st.builds(
        Change, st.integers(0, 16**40 - 1).map("{:040x}".format), st.integers(0, 1 << 40), st.integers(0, 40), paths
    ),
    max_size=20,
)


@given(changes)
def test_packing_loses_nothing(history: list[Change]) -> None:
    assert unpack(pack(history)) == tuple(history)


@given(changes)
def test_counts_and_confidence_hold_together(history: list[Change]) -> None:
    known = History(history)
    for path in {path for each in history for path in each.paths}:
        for found in known.beside(path):
            assert LEAST_TOGETHER <= found.together <= found.of
            assert 0 < found.confidence < 1
            assert found.path != path


@pytest.mark.parametrize("data", [b"", b"[]", b"[[],[[1]]]", b'[["a"],[["c",0,1,[7]]]]', b"{}"])
def test_what_no_history_was_packed_in_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json has words of its own
        unpack(data)


async def test_files_that_change_together_are_walked_in_steps_and_only_when_they_are_asked_for() -> None:
    shelf = MemoryShelf({"a.py": "", "b.py": "", "c.py": ""})
    shelf.history = History(commits("a.py b.py", "a.py b.py", "b.py c.py", "b.py c.py", "b.py", "a.py gone.py"))
    only = frozenset({Relation.CHANGES_WITH})
    for direction in Direction:
        found = await Graph(shelf).walk([Node("a.py")], direction, only, 2, 100)
        assert [(each.source.path, each.target.path, each.count) for each in found.edges] == [
            ("a.py", "b.py", 2), ("b.py", "a.py", 2), ("b.py", "c.py", 2),
        ]  # fmt: skip
        assert {each.certainty for each in found.edges} == {"inferred"}
    way = await Graph(shelf).path([Node("a.py")], [Node("c.py")], only, 100)
    assert [each.target.path for each in way.edges] == ["b.py", "c.py"]
    assert (await Graph(shelf).walk([Node("a.py")], Direction.BOTH, CODE_RELATIONS, 2, 100)).edges == []


async def test_the_surest_comes_first() -> None:
    shelf = MemoryShelf({"a.py": "", "b.py": "", "z.py": ""})
    shelf.history = History(commits("a.py b.py", "a.py b.py", "a.py z.py", "a.py z.py", "a.py z.py"))
    found = await Graph(shelf).walk([Node("a.py")], Direction.OUT, {Relation.CHANGES_WITH}, 1, 100)
    assert [each.target.path for each in found.edges] == ["z.py", "b.py"]
