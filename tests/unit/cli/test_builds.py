"""`pampax builds`: what is derived of repositories, and the end of what nothing uses."""

import json
from typing import Any

import pytest

from pampax.cli import words

from ..client.conftest import Gateway, Told  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run

BUILD: dict[str, Any] = {
    "version": "1-abc",
    "repo": "shop",
    "state": "active",
    "refs": 2,
    "snapshots": 3,
    "files": 1_234,
    "chunks": 5_678,
    "bytes": 12_345_678,
    "publish_time": "2025-01-01T00:00:00Z",
    "age_s": 7_300.0,
}
UNUSED: dict[str, Any] = {
    **BUILD,
    "version": "1-old",
    "state": "unused",
    "refs": 0,
    "publish_time": None,
    "age_s": None,
}


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")


def test_builds_are_listed_with_who_uses_them_and_their_size(gateway: Gateway, run: Run) -> None:
    gateway.will(
        Told({"builds": [BUILD], "next_page_token": "more"}), Told({"builds": [UNUSED], "next_page_token": ""})
    )
    code, out, err = run("builds", "list")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "REPOSITORY  BUILD  STATE   REFS  AGE  FILES  CHUNKS     SIZE",
        "shop        1-abc  active     2  2 h  1,234   5,678  12.3 MB",
        "shop        1-old  unused     0    -  1,234   5,678  12.3 MB",
    ]
    assert "page_token=more" in gateway.asked[1].path


def test_builds_alone_is_the_list_and_json_is_what_was_sent(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({"builds": [BUILD], "next_page_token": ""}))
    code, out, _ = run("builds", "--json")
    assert (code, json.loads(out)) == (0, {"builds": [BUILD]})
    gateway.will(Told({"builds": [], "next_page_token": ""}))
    assert run("builds")[1] == "no builds yet\n"


def test_prune_asks_again_while_some_are_left(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({"removed": [UNUSED], "left": 1}), Told({"removed": [UNUSED], "left": 0}))
    code, out, _ = run("builds", "prune", "--repo", "shop")
    assert (code, out.splitlines()[-1]) == (0, "removed 2 builds, 24.7 MB")
    assert [asked.body for asked in gateway.asked] == [{"repo": "shop", "dry_run": False}] * 2


def test_a_build_that_cannot_be_removed_ends_the_asking(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({"removed": [], "left": 1}))
    code, out, err = run("builds", "prune")
    assert (code, out, err) == (0, "removed nothing\n", "1 build left: prune again\n")


def test_a_dry_run_says_what_would_go(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({"removed": [UNUSED], "left": 0}))
    assert run("builds", "prune", "--dry-run")[1].splitlines()[-1] == "would remove 1 build, 12.3 MB"
    code, out, _ = run("builds", "prune", "--dry-run", "--json")
    assert (code, json.loads(out)) == (0, {"removed": [UNUSED], "left": 0, "dry_run": True})
    assert run("builds", "prune", "--dry-run", "--quiet") == (0, "", "")


def test_a_name_that_is_none_never_becomes_part_of_a_request(gateway: Gateway, run: Run) -> None:
    for command in ("list", "prune"):
        assert run("builds", command, "--repo", "../x")[0] == 2
    assert not gateway.asked


@pytest.mark.parametrize(
    ("bytes_", "told"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (123_456_789, "123 MB"), (2 * 10**15, "2000 TB")],
)
def test_sizes_are_told_in_the_unit_that_fits(bytes_: int, told: str) -> None:
    assert words.size(bytes_) == told
