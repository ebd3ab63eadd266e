"""The servers' account must be able to reach what it serves; nothing is opened for it behind the user's back."""

import os
from pathlib import Path

import pytest

from pampax.core.errors import ConfigError
from pampax.embedded.account import Account, is_passable, process_account, require_passable, server_account

STRANGER = Account("stranger", 54321, 54321)


def test_ordinary_user_runs_the_servers_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account() is None
    assert process_account(None) == {}


def test_account_takes_no_groups_of_ours_along() -> None:
    assert process_account(STRANGER) == {"user": 54321, "group": 54321, "extra_groups": []}


def test_folder_that_the_account_cannot_enter_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            closed = folder  # the tests' own folder may be closed already; the outermost is named
    with pytest.raises(ConfigError, match=f"cannot enter {closed};"):
        require_passable(tmp_path / "closed" / "data", STRANGER)
    assert not is_passable(tmp_path / "closed" / "data", STRANGER)


def test_own_account_passes_anywhere(tmp_path: Path) -> None:
    require_passable(tmp_path / "data", None)
