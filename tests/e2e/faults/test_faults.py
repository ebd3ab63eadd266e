"""One fault at a time, under a light load: nothing is lost, nothing wrong is answered, and all is whole again."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from .conftest import Scene
from .faults import FAULTS, SHOWS_WITHIN_S, WHOLE_WITHIN_S, Fault
from .report import Row, unwell
from .system import until


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_users_are_told_the_truth_and_the_system_is_whole_again_after(scene: Scene, fault: Fault) -> None:
    load, system = scene.load, scene.system
    assert until(system.whole, WHOLE_WITHIN_S), system.state()
    restarts = system.restarts()
    struck = time.monotonic()
    with fault.strike(system):
        if fault.shows:
            assert until(lambda: fault.shows <= _unwell(scene, struck), SHOWS_WITHIN_S), _unwell(scene, struck)
        while time.monotonic() < struck + fault.hold_s:
            time.sleep(0.05)
    over = time.monotonic()

    def answers() -> bool:
        return all(answer.verdict == "ok" for answer in scene.fresh_answers())

    assert until(answers, WHOLE_WITHIN_S), scene.fresh_answers()
    answers_s = time.monotonic() - over
    assert until(lambda: load.published_since(over), WHOLE_WITHIN_S), "nothing can be indexed any more"
    assert until(lambda: system.whole() and scene.health().body["status"] == "ok", WHOLE_WITHIN_S, 0.2), system.state()
    row = Row.of(fault.name, over - struck, load.since(struck), answers_s, time.monotonic() - over)
    scene.rows.append(row)
    print(row)
    seen = load.since(struck)
    wrong = Counter(outcome.wrong for outcome in seen if outcome.wrong)
    assert not wrong, "\n".join(f"{count} x {what}" for what, count in wrong.most_common())
    assert fault.silences or not [outcome for outcome in seen if outcome.verdict == "silent"]
    assert {outcome.reason for outcome in seen if outcome.verdict == "failed"} <= fault.fails
    assert {part.split()[0] for part in unwell(seen)} <= fault.shows | fault.touches
    after = system.restarts()
    assert {name: after[name] - before for name, before in restarts.items() if after[name] != before} == fault.restarts


def _unwell(scene: Scene, since: float) -> set[str]:
    return {part.split()[0] for part in unwell(scene.load.since(since))}
