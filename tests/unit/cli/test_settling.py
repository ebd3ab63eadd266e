"""When changes have settled."""

from __future__ import annotations

import pytest

from pampax.cli.watching.settling import LONGEST_S, Settling


def test_nothing_is_due_before_anything_has_changed() -> None:
    settling = Settling(0.3)
    assert settling.left_s(10.0, locked=False) is None
    assert settling.settled(10.0) == 0.0


def test_each_change_begins_the_quiet_time_anew() -> None:
    settling = Settling(0.3)
    settling.changed(10.0)
    assert settling.left_s(10.1, locked=False) == pytest.approx(0.2)
    settling.changed(10.2)
    assert settling.left_s(10.2, locked=False) == pytest.approx(0.3)
    assert settling.left_s(10.6, locked=False) == 0.0
    assert settling.settled(10.6) == pytest.approx(0.4)
    assert settling.left_s(10.7, locked=False) is None


def test_changes_without_a_pause_do_not_wait_for_ever() -> None:
    settling = Settling(0.3)
    moment = 10.0
    while settling.left_s(moment, locked=False) != 0.0:
        settling.changed(moment)
        moment += 0.1
    assert moment == pytest.approx(10.0 + LONGEST_S, abs=0.2)


def test_a_quiet_time_longer_than_the_longest_wait_is_kept() -> None:
    settling = Settling(2 * LONGEST_S)
    settling.changed(0.0)
    assert settling.left_s(0.0, locked=False) == 2 * LONGEST_S


def test_while_somebody_changes_many_files_nothing_is_due_and_a_little_after_it_is() -> None:
    settling = Settling(0.3)
    settling.changed(0.0)
    for moment in (1.0, 10.0, 30.0):
        assert settling.left_s(moment, locked=True) == 0.3
    assert settling.left_s(30.1, locked=False) == 0.3
    assert settling.left_s(30.2, locked=False) == pytest.approx(0.2)
    assert settling.left_s(30.5, locked=False) == 0.0
