"""Registry and code say the same: nothing is emitted that is not declared, nothing is declared in vain."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pampax.runtime.telemetry import metrics
from pampax.runtime.telemetry.names import EVENTS, METRICS, SPANS

ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for folder in ("libs", "services", "clients")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "v1" not in path.parts
]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
COLLECTORS = {"counter", "gauge", "histogram"}
SPAN_MAKERS = {"span", "entry_span", "call_span", "leaf_span"}


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def is_event(call: ast.Call) -> bool:
    """`_log.info(...)` or `get_logger().info(...)`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in LEVELS:
        return False
    speaker = call.func.value
    if isinstance(speaker, ast.Call):
        return isinstance(speaker.func, ast.Name) and speaker.func.id == "get_logger"
    return isinstance(speaker, ast.Name) and speaker.id == "_log"


def makes(names: set[str]) -> Callable[[ast.Call], bool]:
    return lambda call: isinstance(call.func, ast.Name) and call.func.id in names


def names_in(wanted: Callable[[ast.Call], bool]) -> dict[str, str]:
    """The text of each first argument, and a place where it stands."""
    return {
        name: f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in calls()
        if wanted(call) and call.args
        for name in texts(call.args[0])
    }


def texts(argument: ast.expr) -> list[str]:
    """What is written there; both of `a if ... else b`; nothing of what is made up."""
    if isinstance(argument, ast.IfExp):
        return [*texts(argument.body), *texts(argument.orelse)]
    return [argument.value] if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else []


@pytest.mark.parametrize(
    ("wanted", "declared"),
    [
        pytest.param(is_event, EVENTS, id="events"),
        pytest.param(makes(COLLECTORS), METRICS, id="metrics"),
        pytest.param(makes(SPAN_MAKERS), SPANS, id="spans"),
    ],
)
def test_what_is_emitted_is_declared_and_what_is_declared_is_emitted(wanted, declared):
    found = names_in(wanted)
    assert {name: where for name, where in found.items() if name not in declared} == {}, "not declared"
    assert declared.keys() - found.keys() == set(), "declared in vain"


def test_an_event_has_a_fixed_name_and_tells_the_rest_in_fields():
    made_up = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in calls()
        if is_event(call) and not (len(call.args) == 1 and texts(call.args[0]))
    ]
    assert made_up == []


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_declared_metric_can_be_made_as_what_it_is_and_as_nothing_else(metric):
    made = getattr(metrics, metric.kind)(metric.name)
    assert made is getattr(metrics, metric.kind)(metric.name)
    for other in COLLECTORS - {metric.kind}:
        with pytest.raises(KeyError, match=metric.kind):
            getattr(metrics, other)(metric.name)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_names_follow_the_conventions_of_their_kind_and_unit(metric):
    assert metric.name.endswith("_total") is (metric.kind == "counter")
    assert bool(metric.buckets) is (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    endings = {"seconds": ("_seconds", "_ms"), "milliseconds": ("_ms",), "ratio": ("_ratio",), "bytes": ("_bytes",)}
    if metric.unit in endings and metric.kind != "counter":
        assert metric.name.endswith(endings[metric.unit])
    assert metric.help.endswith(".")


def test_labels_are_of_kinds_that_stay_few():
    bounded = {
        "cache", "component", "kind", "method", "operation", "priority", "route", "stage", "status", "target",
        "task",
    }  # fmt: skip
    assert {label for metric in METRICS.values() for label in metric.labels} <= bounded


def test_an_undeclared_name_is_refused():
    with pytest.raises(KeyError):
        metrics.counter("pampax_made_up_total")
