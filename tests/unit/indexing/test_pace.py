"""How fast a stage goes."""

from pampax.indexing.run.pace import WINDOW_S, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_what_was_done_when_a_stage_began_is_none_of_its_work() -> None:
    pace = Pace(Clock())
    assert pace.look("parsing", 900, 1000) == (0.0, None)
    assert pace.look("parsing", 910, 1000) == (10.0, 9.0)


def test_another_stage_begins_anew() -> None:
    pace = Pace(Clock())
    pace.look("parsing", 0, 10)
    pace.look("parsing", 10, 10)
    assert pace.look("writing", 0, 10) == (0.0, None)


def test_an_unknown_total_has_a_rate_and_no_end() -> None:
    pace = Pace(Clock())
    pace.look("listing", 0, 0)
    assert pace.look("listing", 500, 0) == (500.0, None)


def test_only_the_last_seconds_count() -> None:
    pace = Pace(Clock())
    for second in range(10):
        pace.look("parsing", 100 * second, 10_000)
    for _ in range(int(WINDOW_S) + 10):
        rate, remaining_s = pace.look("parsing", 900, 10_000)
    assert (rate, remaining_s) == (0.0, None)


def test_what_is_more_than_the_total_takes_no_time() -> None:
    pace = Pace(Clock())
    pace.look("parsing", 0, 10)
    assert pace.look("parsing", 12, 10) == (12.0, 0.0)
