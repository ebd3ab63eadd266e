"""Slow, silent and broken connections, and stores that cannot go on, under a light load."""

from __future__ import annotations

import pytest

from .checks import check, survived
from .faults import OF_LINKS, OF_STORES, Fault
from .report import attach
from .scene import Scene


@pytest.mark.parametrize("fault", [*OF_LINKS, *OF_STORES], ids=str)
def test_users_are_told_the_truth_while_it_lasts_and_all_is_whole_again_after(
    scene: Scene, fault: Fault, request: pytest.FixtureRequest
) -> None:
    row, seen = survived(scene, fault)
    attach(request, row)
    check(fault, seen)
