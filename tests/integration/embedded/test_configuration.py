"""A system with a file of settings, its own or a named one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pampax.core.errors import ConfigError
from pampax.embedded.spec import read_plan
from pampax.embedded.system import start

from .conftest import Trial, standins


def files_of_services(trial: Trial) -> set[str]:
    plan = read_plan(trial.data_dir.plan_file)
    return {spec.env["PAMPAX_CONFIG"] for spec in plan.specs if "PAMPAX_CONFIG" in spec.env}


def test_services_get_the_file_of_their_folder_and_a_broken_one_starts_nothing(
    trial: Trial, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pampax.toml").write_text("mode = 'never read'")
    monkeypatch.chdir(folder)
    own = trial.data_dir.config_file
    own.parent.mkdir()
    own.write_text('[log]\nlevel = "debug"\n[search]\naddress = "127.0.0.1:1"\n')
    started = trial.start()
    assert started.warnings == (f"{own}:4: search.address has no effect here: `pampax up` chooses it itself",)
    assert files_of_services(trial) == {str(own)}

    own.write_text("[log]\nlevel = 3\n")
    assert not trial.start().started  # what runs is found, whatever the file says by now
    with pytest.raises(ConfigError, match=rf"already runs with {own}; `pampax down` first"):
        start(trial.data_dir, config="other.toml", services=standins)

    trial.stop()
    with pytest.raises(ConfigError, match=rf"{own}:2: log.level is not right"):
        trial.start()
    assert trial.processes() == []


def test_without_a_file_services_read_none_whatever_lies_where_they_work(trial: Trial) -> None:
    trial.start()
    assert files_of_services(trial) == {"/dev/null"}
    with pytest.raises(ConfigError, match="already runs with no file with settings"):
        start(trial.data_dir, config="other.toml", services=standins)
