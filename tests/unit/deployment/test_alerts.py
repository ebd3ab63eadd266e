"""Rules and alerts: made of metrics that exist, each alert with a file and a runbook of its own."""

import re
from pathlib import Path

import pytest
import yaml

from pampax.runtime.telemetry.names import METRICS

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
ALERT_FILES = sorted((FOLDER / "alerts").glob("*.yml"))
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
SEVERITIES = {"page", "ticket"}
# Prometheus makes `up` itself.
MADE_BY_PROMETHEUS = {"up"}
_WORDS_OF_THE_LANGUAGE = {"and", "or", "unless", "by", "without", "on", "ignoring"}


def rules(path):
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def metrics_in(expression):
    """Names in an expression that are neither functions, labels, strings nor words of the language."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)", " ", expression)
    names = re.findall(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)
    return {name for name in names if name not in _WORDS_OF_THE_LANGUAGE}


def declared():
    series = set(MADE_BY_PROMETHEUS)
    for metric in METRICS.values():
        suffixes = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        series |= {metric.name + suffix for suffix in suffixes}
    return series


def recorded():
    return {rule["record"] for rule in rules(FOLDER / "recording.yml")}


@pytest.mark.parametrize("path", [FOLDER / "recording.yml", *ALERT_FILES], ids=lambda path: path.stem)
def test_a_rule_asks_only_for_metrics_that_exist(path):
    for rule in rules(path):
        assert metrics_in(rule["expr"]) <= declared() | recorded()


def test_a_metric_in_an_expression_is_recognised():
    assert metrics_in('sum by (le) (rate(x_bucket{a="b"}[5m])) > 5 and y:z == 0 or w') == {"x_bucket", "y:z", "w"}


@pytest.mark.parametrize("path", ALERT_FILES, ids=lambda path: path.stem)
def test_an_alert_has_a_file_a_severity_and_a_runbook_of_its_own(path):
    for rule in rules(path):
        assert rule["alert"] == path.stem
        assert rule["labels"]["severity"] in SEVERITIES
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{path.stem}.md"
    headings = re.findall(r"^## (.+)$", (RUNBOOKS / f"{path.stem}.md").read_text(), re.MULTILINE)
    assert headings == SECTIONS


def test_no_runbook_is_left_of_an_alert_that_is_gone():
    assert {path.stem for path in RUNBOOKS.glob("Pampax*.md")} == {path.stem for path in ALERT_FILES}


def discovery():
    """Where Prometheus finds our services."""
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    (job,) = (each for each in jobs if each["job_name"] == "pampax")
    (found,) = job["dns_sd_configs"]
    return found


def test_a_service_without_a_container_is_missed():
    (rule,) = rules(FOLDER / "alerts" / "PampaxTargetDown.yml")
    missed = re.findall(r'absent\(up\{job="pampax", service="(\w+)"\}\)', rule["expr"])
    assert missed == discovery()["names"]


def test_every_service_with_metrics_is_asked_for_them():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    names = set(discovery()["names"])
    assert names == {"gateway", "search", "assembly", "indexing", "worker"}
    assert names <= set(compose["services"])
