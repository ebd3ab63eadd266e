"""A process that keeps ending is started ever more slowly."""

from pampax.embedded.backoff import Backoff


def test_pause_doubles_up_to_its_bound() -> None:
    backoff = Backoff()
    assert [backoff.pause_s(lived_s=0.1) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_long_life_forgets_the_ends_before_it() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.pause_s(lived_s=0.1)
    assert [backoff.pause_s(lived_s=31.0), backoff.pause_s(lived_s=0.1)] == [0.2, 0.4]
