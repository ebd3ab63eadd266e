"""A plan as a person reads it."""

import json

import pytest

from pampax.cli.given import Given
from pampax.cli.plan_page import show_plan
from pampax.cli.session import Session
from pampax.client.repository import FileProblem, IndexPlan, PlannedFolder

PLAN = IndexPlan(
    ref="main", commit="a" * 40, dirty=True, files=1_200, kept_files=1_000, new_files=200, new_blobs=190,
    new_bytes=90_000, skipped={"binary": 12, "ignored": 1}, chunks=4_000, new_chunks=600, new_tokens=33_000,
    tokenizer="o200k_base", exact=False, seconds=1.5, pace="measured", folders=[PlannedFolder(path="src", files=900,
    skipped=3)], skipped_files=[FileProblem(path="a.png", reason="binary")], new_paths=["src/new.py"], known=[],
)  # fmt: skip


def test_counts_reasons_and_folders_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(Session(Given()), "shop", PLAN)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "plan for shop@main aaaaaaaaaa+; nothing is written",
        "  1,200 files: 200 to index, 1,000 known already; 13 skipped",
        "  about 4,000 chunks, about 600 of them new (about 33,000 tokens, o200k_base)",
        "  about 1.5 s, at the measured pace",
    ]
    assert [line.split() for line in lines[4:]] == [
        ["REASON", "FILES", "WHY", "FOR", "EXAMPLE"],
        ["binary", "12", "no", "text", "a.png"],
        ["ignored", "1", "by", "a", ".pampaxignore"],
        ["FOLDER", "FILES", "SKIPPED"],
        ["src", "900", "3"],
    ]


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(Session(Given(json=True)), "shop", PLAN)
    document = json.loads(capsys.readouterr().out)
    assert document == {"repository": "shop", **{key: each for key, each in PLAN.document().items() if key != "known"}}


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(Session(Given(quiet=True)), "shop", PLAN)
    assert capsys.readouterr().out == ""
