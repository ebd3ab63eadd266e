"""Processes that are killed, frozen and restarted under a light load."""

from __future__ import annotations

import pytest

from .checks import check, survived
from .faults import OF_PROCESSES, Fault
from .report import attach
from .scene import Scene


@pytest.mark.parametrize("fault", OF_PROCESSES, ids=str)
def test_users_are_told_the_truth_while_it_lasts_and_all_is_whole_again_after(
    scene: Scene, fault: Fault, request: pytest.FixtureRequest
) -> None:
    row, seen = survived(scene, fault)
    attach(request, row)
    check(fault, seen)
