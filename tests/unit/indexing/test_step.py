"""A step of a line of work: order, bounds and what becomes of an error."""

import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from pampax.indexing.run.step import Step, one_ahead

WAIT_S = 60.0
name: ContextVar[str] = ContextVar("name", default="")


def wait(event: threading.Event) -> None:
    assert event.wait(WAIT_S)


def test_jobs_are_done_in_order_and_all_before_the_end() -> None:
    done: list[int] = []
    with Step("test", ahead=2) as step:
        for number in range(20):
            step.give(done.append, number)
    assert done == list(range(20))


def test_a_job_has_the_context_of_who_gave_it() -> None:
    seen: list[str] = []
    token = name.set("ours")
    with Step("test", ahead=1) as step:
        step.give(lambda: seen.append(name.get()))
    name.reset(token)
    assert seen == ["ours"]


def test_no_more_than_so_many_jobs_wait() -> None:
    go, third = threading.Event(), threading.Event()
    with Step("test", ahead=2) as step:

        def give_three() -> None:
            for _ in range(3):
                step.give(wait, go)
            third.set()

        giver = threading.Thread(target=give_three)
        giver.start()
        assert not third.wait(0.1)
        go.set()
        assert third.wait(WAIT_S)
        giver.join(WAIT_S)


def test_an_error_comes_out_and_what_was_given_behind_it_is_left_undone() -> None:
    done: list[int] = []
    go = threading.Event()

    def fail() -> None:
        go.wait(WAIT_S)
        raise ValueError("broken")

    def give_both() -> None:
        with Step("test", ahead=1) as step:
            step.give(fail)
            go.set()
            step.give(done.append, 1)

    with pytest.raises(ValueError, match="broken"):
        give_both()
    assert done == []


def test_an_error_of_the_giver_leaves_the_rest_undone() -> None:
    done: list[int] = []
    go = threading.Event()

    def give_up() -> None:
        with Step("test", ahead=9) as step:
            step.give(wait, go)
            step.give(done.append, 1)
            threading.Timer(0.05, go.set).start()
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    assert done == []


def test_items_made_ahead_are_the_same_in_the_same_order() -> None:
    assert list(one_ahead(iter(range(50)), "test")) == list(range(50))
    assert list(one_ahead(iter([None, None]), "test")) == [None, None]


def test_an_error_in_making_an_item_comes_out_behind_the_items_before() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = one_ahead(broken(), "test")
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    for item in one_ahead(items(), "test"):
        assert made.wait(WAIT_S)
        assert item in (1, 2)
