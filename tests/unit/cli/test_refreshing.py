"""How often the system looks at a source by itself, as the command asks for it and shows it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pampax.cli.refreshing import trouble_of, words_of
from pampax.client.repository import Refresh

from ..client.conftest import Gateway, Told  # noqa: TID252 - see conftest
from .conftest import Run
from .test_commands import REPOSITORY


@pytest.fixture(autouse=True)
def _gateway_is_known(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "k")


NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def refresh(due: timedelta, **more: Any) -> dict[str, Any]:
    told = {"interval_s": 900, "due_time": (NOW + due).isoformat(), "check_time": None, "failures": 0, "error": ""}
    return {**told, **more}


def test_a_schedule_is_told_with_its_next_look() -> None:
    assert words_of(None) == "-"
    assert words_of(Refresh(**refresh(timedelta(minutes=3))), NOW) == "every 15 min, next in 3 min"
    assert words_of(Refresh(**refresh(timedelta(seconds=-1))), NOW) == "every 15 min, next now"
    assert trouble_of(Refresh(**refresh(timedelta(0)))) == ""


def test_a_list_has_a_column_for_schedules_when_there_is_one(gateway: Gateway, run: Run) -> None:
    failing = refresh(timedelta(days=-1), failures=2, error="no such host")
    repositories = [{**REPOSITORY, "refresh": failing}, REPOSITORY]
    gateway.will(Told({"repositories": repositories, "next_page_token": ""}))
    header, first, second = run("repos")[1].splitlines()
    assert "REFRESH" in header
    assert "every 15 min, next now (failing)" in first
    assert "every" not in second


def test_a_repository_tells_why_its_schedule_fails(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**REPOSITORY, "refresh": refresh(timedelta(days=-1), failures=2, error="no such host")}))
    out = run("repos", "show", "shop")[1].splitlines()
    assert "refresh every 15 min, next now" in out
    assert "the scheduled refresh has failed (2 times in a row): no such host" in out


@pytest.mark.parametrize(
    ("asked", "seconds"), [("15m", 900), ("15min", 900), ("2h", 7_200), ("none", 0), ("off", 0), ("61.4", 61)]
)
def test_an_interval_is_a_duration_or_none(gateway: Gateway, run: Run, asked: str, seconds: int) -> None:
    gateway.will(Told(REPOSITORY))
    code, out, _ = run("repos", "update", "shop", "--refresh", asked)
    assert (code, out) == (0, "shop  refresh -\n")
    assert (gateway.asked[0].method, gateway.asked[0].path) == ("PUT", "/v1/repositories/shop/refresh")
    assert gateway.asked[0].body == {"interval_s": seconds}


def test_what_is_no_interval_is_a_usage_error(run: Run, gateway: Gateway) -> None:
    assert run("repos", "update", "shop", "--refresh", "often")[0] == 2
    assert run("repos", "update", "shop")[0] == 2
    gateway.will(Told(REPOSITORY))
    assert json.loads(run("repos", "update", "shop", "--refresh", "1d", "--json")[1])["name"] == "shop"
