"""Settings that a service can start with and should not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pampax.runtime.diagnosis.findings import findings
from pampax.runtime.diagnosis.service import fingerprint
from pampax.runtime.settings import Settings

SECRET = "3d1078c1e62e0711f64cece4a529368312d5d6e8e9d5d86a8281f1e8f78c3887"
PEPPER = "0123456789abcdef" * 4
SOUND: dict[str, Any] = {
    "auth": {"caller_secret": SECRET, "key_pepper": PEPPER},
    "redis": {"url": "redis://redis:6379/0"},
    "database": {"url": "postgresql://pampax_service:hunter2@db/pampax"},
}


def named(settings: Settings, component: str, clock_offset_s: float = 0.0) -> list[str]:
    return [finding.setting for finding in findings(settings, component, clock_offset_s)]


def changed(tmp_path: Path, **changes: dict[str, Any]) -> Settings:
    sections = {**SOUND, "indexing": {"cache_dir": str(tmp_path)}}
    return Settings(**{**sections, **{name: {**sections.get(name, {}), **part} for name, part in changes.items()}})


@pytest.mark.parametrize("component", ["gateway", "search", "assembly", "indexing"])
def test_sound_settings_have_none(tmp_path: Path, component: str) -> None:
    assert named(changed(tmp_path), component) == []


@pytest.mark.parametrize(
    ("component", "changes", "setting"),
    [
        ("search", {"auth": {"caller_secret": ""}}, "PAMPAX_AUTH__CALLER_SECRET"),
        ("search", {"auth": {"caller_secret": "5e" * 32}}, "PAMPAX_AUTH__CALLER_SECRET"),
        ("gateway", {"auth": {"key_pepper": SECRET}}, "PAMPAX_AUTH__KEY_PEPPER"),
        ("search", {"database": {"owner_url": "postgresql://pampax_owner@db/pampax"}}, "PAMPAX_DATABASE__OWNER_URL"),
        ("search", {"database": {"service_password": "hunter2"}}, "PAMPAX_DATABASE__SERVICE_PASSWORD"),
        ("search", {"bootstrap": {"api_key": "pampax_x"}}, "PAMPAX_BOOTSTRAP__API_KEY"),
        ("gateway", {"redis": {"url": ""}}, "PAMPAX_REDIS__URL"),
        (
            "search",
            {"telemetry": {"otlp_endpoint": "http://c:4317", "trace_ratio": 0}},
            "PAMPAX_TELEMETRY__TRACE_RATIO",
        ),
    ],
)
def test_what_is_dangerous_is_named(
    tmp_path: Path, component: str, changes: dict[str, dict[str, Any]], setting: str
) -> None:
    assert named(changed(tmp_path, **changes), component) == [setting]


def test_a_service_that_connects_as_the_owner_is_told_so(tmp_path: Path) -> None:
    same = changed(tmp_path, database={"owner_url": SOUND["database"]["url"]})
    assert named(same, "search") == ["PAMPAX_DATABASE__URL", "PAMPAX_DATABASE__OWNER_URL"]


def test_an_embedded_system_that_others_can_reach_is_dangerous(tmp_path: Path) -> None:
    settings = Settings(
        **SOUND, mode="embedded", search={"address": "0.0.0.0:50051"}, gateway={"http_address": "[::1]:1"}
    )
    assert named(settings, "search") == ["PAMPAX_SEARCH__ADDRESS"]


@pytest.mark.parametrize("offset_s", [-30.0, 30.0])
def test_clocks_that_are_apart_refuse_calls(tmp_path: Path, offset_s: float) -> None:
    (finding,) = findings(changed(tmp_path), "search", offset_s)
    assert "30 s apart" in finding.advice


def test_a_folder_for_clones_that_cannot_be_written_matters_to_indexing_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = changed(tmp_path, indexing={"cache_dir": str(tmp_path / "file" / "below")})
    assert named(settings, "indexing") == ["PAMPAX_INDEXING__CACHE_DIR"]
    assert named(settings, "search") == []


def test_no_value_is_ever_told(tmp_path: Path) -> None:
    settings = changed(
        tmp_path,
        database={"owner_url": SOUND["database"]["url"], "service_password": "hunter2"},
        auth={"key_pepper": SECRET},
    )
    told = " ".join(finding.advice for finding in findings(settings, "gateway"))
    assert not any(value in told for value in ("hunter2", SECRET))


def test_a_fingerprint_is_equal_for_equal_settings_and_needs_the_secret_to_be_made(tmp_path: Path) -> None:
    settings = changed(tmp_path)
    assert fingerprint(settings) == fingerprint(changed(tmp_path))
    assert fingerprint(settings) != fingerprint(changed(tmp_path, log={"level": "debug"}))
    assert fingerprint(settings) != fingerprint(changed(tmp_path, auth={"caller_secret": PEPPER}))
    assert len(fingerprint(settings)) == 16
