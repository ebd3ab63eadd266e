"""An index that grew with a history equals a fresh one of what the history came to: rows, and answers of the search.

PAMPAX_TEST_HISTORIES=300 tries so many random ones; without it a few that are always the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pampax.indexing.run import collection, maintenance
from pampax.storage import bitmap, posting

from .histories import History, Step, histories
from .live_rows import content, live
from .systems import System

WANTED = int(os.environ.get("PAMPAX_TEST_HISTORIES", "0"))
FEW = 6


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Care that is due after hours and thousands of chunks otherwise."""
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)
    monkeypatch.setattr(collection, "MOST_DOCUMENTS", 3)
    monkeypatch.setattr(maintenance, "MOST_SEGMENTS", 3)
    monkeypatch.setattr(maintenance, "LOOK_EVERY", 1)


@pytest.mark.timeout(max(120, 30 * WANTED))
@settings(
    max_examples=WANTED or FEW,
    derandomize=not WANTED,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # a history takes a second, and making a short one shorter hundreds of them
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=histories, kind=st.sampled_from(["path", "git_url"]), own_table=st.booleans())
def test_an_index_that_grew_with_a_history_equals_a_fresh_one(
    system: System, monkeypatch: pytest.MonkeyPatch, steps: list[Any], kind: str, own_table: bool
) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 3 if own_table else 5_000)
    history = History(system.folder / f"tree{next(system.numbers)}")
    grown = system.new(history.root, kind)
    system.index(grown, "main")
    for changes, care in steps:
        for change in changes:
            history.apply(change)
        take_care(system, history, grown, care)
        nothing_is_missing(system, grown)
    for branch in history.branches():
        history.switch(branch)
        system.index(grown, branch)
        fresh = system.new(history.root, kind)
        system.index(fresh, branch)
        assert content(system.query, grown, branch) == content(system.query, fresh, branch)
        assert system.answers(grown, branch) == system.answers(fresh, branch)
    system.pass_an_hour(grown)
    system.index(grown, history.branch)
    nothing_is_missing(system, grown)
    nothing_is_left_over(system, grown)


def take_care(
    system: System, history: History, repository_id: int, step: Step, *, ends: Sequence[str] = ("succeeded",)
) -> None:
    match step:
        case Step("forget", branch):
            system.forget(repository_id, branch)
        case Step("hour"):
            system.pass_an_hour(repository_id)
            system.index(repository_id, at(system, history, repository_id), ends=ends)
        case Step("index" | "full" as what):
            system.index(repository_id, at(system, history, repository_id), full=what == "full", ends=ends)


def at(system: System, history: History, repository_id: int) -> str:
    """The branch that is checked out; a URL shows what is committed, a folder what lies there."""
    (row,) = system.query("SELECT source_kind FROM repository WHERE repository_id = %s", [repository_id])
    if row["source_kind"] == "git_url":
        history.commit()
    return history.branch


def nothing_is_missing(system: System, repository_id: int) -> None:
    """Of any snapshot that is there, whether a ref shows it or a search may still be reading it."""
    there = {table: rows_of(system, repository_id, table) for table in ("file", "chunk")}
    lists = system.query("SELECT build_id, entries FROM posting WHERE repository_id = %s", [repository_id])
    listed = {(row["build_id"], int(o)) for row in lists for o in posting.unpack(row["entries"]).ordinals}
    for snapshot in system.query("SELECT * FROM snapshot WHERE repository_id = %s", [repository_id]):
        files, chunks = (
            {(snapshot["build_id"], int(ordinal)) for ordinal in np.flatnonzero(bitmap.unpack(snapshot[live]))}
            for live in ("live_files", "live_chunks")
        )
        assert files <= there["file"]
        assert chunks <= there["chunk"]
        assert chunks <= listed


def rows_of(system: System, repository_id: int, table: str) -> set[tuple[int, int]]:
    rows = system.query(f"SELECT build_id, ordinal FROM {table} WHERE repository_id = %s", [repository_id])
    return {(row["build_id"], row["ordinal"]) for row in rows}


def nothing_is_left_over(system: System, repository_id: int) -> None:
    """Files and chunks are those that the refs show, in the one build that they show."""
    refs = [row["name"] for row in system.query("SELECT name FROM ref WHERE repository_id = %s", [repository_id])]
    shown = [live(system.query, repository_id, ref) for ref in refs]
    for table, which in (("file", "files"), ("chunk", "chunks")):
        assert rows_of(system, repository_id, table) == {
            (each["build_id"], ordinal) for each in shown for ordinal in each[which]
        }
