"""One fault from strike to recovery, and what must hold of all that users saw meanwhile."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence

from .answers import Outcome
from .faults import Fault
from .report import Row, health_looks, unwell
from .scene import Scene
from .system import until

# How soon a fault must show, and how soon everything must be as before once it is over.
SHOWS_WITHIN_S = 60.0
WHOLE_WITHIN_S = 90.0
# Of the looks at health, in which a part that the fault does not touch may be late: the machine does other things too.
BRIEF_SHARE = 0.25
FAILED = 4  # exit code of the command


def survived(scene: Scene, fault: Fault) -> tuple[Row, list[Outcome]]:
    """Strikes, waits for the end and for everything to be as before; what users saw from the strike on."""
    load, system = scene.load, scene.system
    assert until(system.whole, WHOLE_WITHIN_S), system.state()
    restarts = system.restarts()
    struck = time.monotonic()
    with fault.strike(scene):
        load.hurry()
        if fault.shows:
            assert until(lambda: fault.unwell <= set(unwell(load.since(struck))), SHOWS_WITHIN_S), load.since(struck)
            assert until(lambda: fault.unwell <= _told_by_command(scene), SHOWS_WITHIN_S)
        if fault.until_indexed:
            assert until(lambda: load.published_since(struck), WHOLE_WITHIN_S), "nobody took the work up"
        time.sleep(max(0.0, struck + fault.hold_s - time.monotonic()))
    over = time.monotonic()
    assert until(lambda: _all_ok(scene.fresh_answers()), WHOLE_WITHIN_S), scene.fresh_answers()
    answers_s = time.monotonic() - over
    assert until(lambda: load.published_since(over), WHOLE_WITHIN_S), "nothing can be indexed any more"
    assert until(lambda: system.whole() and _healthy(scene), WHOLE_WITHIN_S, 0.2), (system.state(), scene.health())
    all_s = time.monotonic() - over
    seen = load.since(struck)
    growth = _growth(restarts, system.restarts())
    assert {name: times for name, times in growth.items() if name not in fault.may_restart} == fault.restarts
    if fault.shows:
        assert until(lambda: not fault.unwell & _told_by_command(scene), WHOLE_WITHIN_S)
    health = set(unwell(seen)) & fault.may_be_unwell
    return Row.of(fault.name, over - struck, seen, answers_s, all_s, health), seen


def check(fault: Fault, seen: Sequence[Outcome]) -> None:
    """No wrong answer, no unclean refusal, no hang, no lost operation, and health blamed nobody else for long."""
    wrong = Counter(outcome.wrong for outcome in seen if outcome.wrong)
    assert not wrong, "\n".join(f"{count} x {what}" for what, count in wrong.most_common())
    silent = [outcome for outcome in seen if outcome.verdict == "silent"]
    assert fault.silences or not silent, silent
    failed = {outcome.reason for outcome in seen if outcome.verdict == "failed"}
    assert failed <= fault.fails, failed
    refused = {outcome.reason.split()[1] for outcome in seen if outcome.verdict == "refused"}
    assert refused <= fault.hurts.refuses, refused
    looks, unwell_in = health_looks(seen), unwell(seen, late=False)
    blamed = {name for name, times in unwell_in.items() if times > len(looks) * BRIEF_SHARE}
    assert blamed <= fault.may_be_unwell, [
        part["advice"] for look in looks for part in look["components"] if part["name"] in blamed
    ]


def _told_by_command(scene: Scene) -> set[str]:
    """What `pampax health` says is not ok; its exit code tells a system that failed from one that answers."""
    done = scene.system.cli("health", "--json")
    assert done.out, done.err
    document = json.loads(done.out)
    assert done.code == (FAILED if document["status"] == "failed" else 0)
    return {part["name"] for part in document["components"] if part["status"] != "ok"}


def _all_ok(answers: Sequence[Outcome]) -> bool:
    return all(answer.verdict == "ok" for answer in answers)


def _healthy(scene: Scene) -> bool:
    look = scene.health()
    return look.verdict == "ok" and look.body["status"] == "ok"


def _growth(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - count for name, count in before.items() if after[name] != count}
