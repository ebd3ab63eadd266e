"""What the history of a repository brings into a bundle."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import SHOP


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def _commit(folder: Path, files: dict[str, str], message: str) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--message", message)


@pytest.fixture(scope="module")
def grown(new_repository, tmp_path_factory):
    """The shop with a file that speaks of nothing and changed whenever its ledger did."""
    folder = tmp_path_factory.mktemp("grown")
    _git(folder, "init", "--initial-branch=main")
    _commit(folder, {**SHOP, "ops/quota.ini": "[limits]\nrate = 0\n"}, "begin")
    for n in range(1, 5):
        ledger = SHOP["shop/ledger.py"] + f"\n\nLIMIT = {n}\n"
        _commit(folder, {"shop/ledger.py": ledger, "ops/quota.ini": f"[limits]\nrate = {n}\n"}, "tune")
    return new_repository("grown", {}, at=folder)


async def test_a_file_that_changes_with_the_best_match_is_shown_with_how_often(client, grown):
    bundle = await client.bundle(grown.caller, "book an amount in the ledger")
    (shown,) = [item for item in bundle.items if item.path == "ops/quota.ini"]
    assert "changed together with `shop/ledger.py` in 4 of 4 commits" in shown.reason
    assert bundle.signature


async def test_nothing_is_known_of_files_outside_git(client, shop):
    bundle = await client.bundle(shop.caller, "book an amount in the ledger")
    assert "changed together" not in str(bundle)


async def test_what_is_left_out_does_not_come_back_by_its_history(client, grown):
    bundle = await client.bundle(grown.caller, "book an amount in the ledger", config="without")
    assert "ops/quota.ini" not in str(bundle)
    alone = await client.bundle(grown.caller, "book an amount in the ledger", depth=0)
    assert "ops/quota.ini" not in {item.path for item in alone.items}
