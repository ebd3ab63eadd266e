"""Two parser processes: the answers and the order are those of one, and what breaks one leaves the other alone."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pampax.codeintel.parse import analyse
from pampax.codeintel.parser_process import ParseFailed
from pampax.codeintel.parsers import SHARED_FROM, Parsers

from .test_parser_process import TALKATIVE, source

MANY = SHARED_FROM + 21


@pytest.fixture
def parsers() -> Iterator[Parsers]:
    with closing(Parsers()) as made:
        yield made


def children(parsers: Parsers) -> list[int]:
    return [process._child.pid for process in parsers._processes if process._child is not None]


def test_many_files_are_shared_and_answered_in_order(parsers: Parsers) -> None:
    requests = [source(number) for number in range(MANY)]
    assert list(parsers.parse_all(requests)) == [analyse(*request) for request in requests]
    assert len(children(parsers)) == 2


def test_a_few_files_need_one_process(parsers: Parsers) -> None:
    requests = [source(number) for number in range(SHARED_FROM - 1)]
    assert list(parsers.parse_all(requests)) == [analyse(*request) for request in requests]
    assert parsers.parse(*source(7)) == analyse(*source(7))
    assert len(children(parsers)) == 1


def test_no_files_need_none(parsers: Parsers) -> None:
    assert list(parsers.parse_all([])) == []
    assert children(parsers) == []


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize("broken", [0, 5, 6, MANY - 1])
def test_a_file_that_fails_is_the_only_one_and_may_be_tried_in_between(parsers: Parsers, broken: int) -> None:
    requests = [source(number) for number in range(MANY)]
    requests[broken] = TALKATIVE
    seen = [
        parsers.parse(*source(1_000)) if isinstance(each, ParseFailed) else each for each in parsers.parse_all(requests)
    ]
    requests[broken] = source(1_000)
    assert seen == [analyse(*request) for request in requests]


def test_a_caller_that_leaves_early_does_not_leave_its_answers_to_the_next(parsers: Parsers) -> None:
    outcomes = parsers.parse_all([source(number) for number in range(MANY)])
    assert [next(outcomes) for _ in range(3)] == [analyse(*source(number)) for number in range(3)]
    outcomes.close()
    others = [source(number) for number in range(1_000, 1_000 + MANY)]
    assert list(parsers.parse_all(others)) == [analyse(*request) for request in others]


def test_a_killed_child_costs_the_files_of_the_other_nothing(parsers: Parsers) -> None:
    outcomes = parsers.parse_all([source(number) for number in range(MANY)])
    seen = [next(outcomes), next(outcomes)]
    os.kill(children(parsers)[1], signal.SIGKILL)
    seen += outcomes
    failed = [number for number, each in enumerate(seen) if isinstance(each, ParseFailed)]
    assert len(failed) <= 1
    assert all(number % 2 for number in failed)
    assert all(each == analyse(*source(number)) for number, each in enumerate(seen) if number not in failed)


def test_closing_ends_both(parsers: Parsers) -> None:
    list(parsers.parse_all([source(number) for number in range(MANY)]))
    pids = children(parsers)
    parsers.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
