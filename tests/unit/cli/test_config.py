"""Writing, showing and checking settings, without a system that runs."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.embedded.layout import DataDir
from pampax.embedded.spec import Plan, ProcessSpec, Ready, write_plan

Run = Callable[..., tuple[int, str, str]]
KEY = "ab" * 32


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PAMPAX_") and name != "PAMPAX_DATA_DIR"]:
        monkeypatch.delenv(name)


def rows(shown: str) -> dict[str, str]:
    """What a table says of each setting, spaces folded."""
    return {line.split()[0]: " ".join(line.split()[1:]) for line in shown.splitlines()}


def test_a_new_file_is_for_its_owner_alone_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    assert run("config", "init") == (0, "pampax.toml\n", "`pampax up --config pampax.toml` uses it\n")
    assert stat.S_IMODE((tmp_path / "pampax.toml").stat().st_mode) == 0o600
    assert run("config", "validate", "pampax.toml")[:2] == (0, f"{tmp_path}/pampax.toml holds\n")
    assert [each.name for each in tmp_path.iterdir()] == ["pampax.toml"]


def test_a_file_that_is_there_is_replaced_by_force_only_and_a_link_never_followed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "pampax.toml").symlink_to("precious")
    code, _, err = run("config", "init")
    assert (code, err) == (2, "pampax: pampax.toml is there already; give another name, or --force to replace it\n")
    assert run("config", "init", "--force")[0] == 0
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (tmp_path / "pampax.toml").is_symlink()


def test_the_file_of_a_data_folder_is_written_before_the_system_is(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "system" / "pampax.toml"
    code, out, _ = run("config", "init", "--data-dir", str(path.parent), "--json")
    assert (code, json.loads(out)) == (0, {"file": str(path)})
    DataDir(path.parent).prepare()
    assert path.exists()


def test_a_place_that_cannot_hold_a_file_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    code, _, err = run("config", "init", "taken/pampax.toml")
    assert (code, len(err.splitlines())) == (3, 1)


def test_every_mistake_of_file_variables_and_client_section_is_a_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.toml").write_text('[log]\nlevel = 3\n[client]\nendpont = "x"\n')
    monkeypatch.setenv("PAMPAX_LGO__LEVEL", "debug")
    code, out, err = run("config", "validate", "own.toml")
    assert (code, out) == (2, "")
    own = tmp_path / "own.toml"
    assert err.removeprefix("pampax: ").splitlines() == [
        f"{own}:2: log.level is not right; it should be debug, info, warning or error",
        "PAMPAX_LGO__LEVEL is not a setting; did you mean PAMPAX_LOG__LEVEL?",
        f"{own}:4: client.endpont is not a setting; did you mean client.endpoint?",
    ]
    code, out, _ = run("config", "validate", "own.toml", "--json")
    told = json.loads(out)
    assert (code, told["valid"], told["file"], len(told["mistakes"])) == (2, False, str(own), 3)


def test_broken_toml_is_one_line_with_line_and_column(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[log]\nlevel = = 3\n")
    code, _, err = run("config", "validate", "own.toml")
    told = f"pampax: {tmp_path}/own.toml is not valid TOML: Invalid value (at line 2, column 9)\n"
    assert (code, err) == (2, told)


def test_up_is_told_nothing_by_the_folder_it_is_called_in(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pampax.toml").write_text('[log]\nlevel = "shrill"\n[indexing]\nallow_private_git = true\n')
    code, out, err = run("config", "show", "--origin")
    assert (code, rows(out)["log.level"], rows(out)["indexing.allow_private_git"]) == (
        0,
        '"info" default',
        "false default",
    )
    code, out, err = run("config", "validate")
    assert (code, out) == (0, "there is no file; the variables hold\n")
    assert err == "pampax.toml of this folder counts for services started by hand: --services checks it\n"
    assert run("config", "validate", "--services")[0] == 2


def test_each_value_is_shown_with_its_origin(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text('[log]\nlevel = "debug"\n[search]\naddress = "127.0.0.1:5"\n')
    monkeypatch.setenv("PAMPAX_LOG__FORMAT", "console")
    shown = rows(run("config", "show", "--origin", "--config", "own.toml")[1])
    own = tmp_path / "own.toml"
    assert shown["log.level"] == f'"debug" {own}:2'
    assert shown["log.format"] == '"console" PAMPAX_LOG__FORMAT'
    assert shown["database.pool_max"] == "8 default"
    assert shown["search.address"] == f"embedded, at the next start, instead of {own}:4"
    assert rows(run("config", "show", "--config", "own.toml")[1])["log.level"] == '"debug"'


def test_what_the_system_has_chosen_is_shown_and_its_secrets_are_not(run: Run, tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    told = {"PAMPAX_MODE": "embedded", "PAMPAX_SEARCH__ADDRESS": "127.0.0.1:7", "PAMPAX_AUTH__KEY_PEPPER": KEY}
    spec = ProcessSpec(name="search", command=("true",), ready=Ready.EXIT, env=told)
    write_plan(data_dir.plan_file, Plan("http://127.0.0.1:1", "key", {}, (spec,)))
    code, out, _ = run("config", "show", "--json")
    shown = {each["name"]: each for each in json.loads(out)["settings"]}
    assert code == 0
    assert (shown["search.address"]["value"], shown["search.address"]["origin"]) == ("127.0.0.1:7", "embedded")
    assert shown["auth.key_pepper"] == {
        "name": "auth.key_pepper",
        "value": "********",
        "origin": "embedded",
        "variable": "PAMPAX_AUTH__KEY_PEPPER",
        "secret": True,
    }
    assert KEY not in out


def test_what_an_older_version_has_chosen_does_not_stand_in_the_way(run: Run, tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    spec = ProcessSpec(name="search", command=("true",), ready=Ready.EXIT, env={"PAMPAX_MODE": "lonely"})
    write_plan(data_dir.plan_file, Plan("http://127.0.0.1:1", "key", {}, (spec,)))
    assert rows(run("config", "show", "--origin")[1])["mode"] == "embedded, at the next start"
    data_dir.plan_file.write_text("{")
    assert run("config", "show")[0] == 0


def test_a_setting_that_has_no_effect_and_an_exposed_secret_are_warned_of(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'[auth]\nkey_pepper = "{KEY}"\n')
    own.chmod(0o644)
    code, out, err = run("config", "validate", "own.toml")
    assert (code, out) == (0, f"{own} holds\n")
    assert err.splitlines() == [
        f"warning: everybody on this machine may read {own}, which holds auth.key_pepper; run `chmod 600 {own}`",
        f"warning: {own}:2: auth.key_pepper has no effect here: `pampax up` chooses it itself",
    ]
    assert len(json.loads(run("config", "validate", "own.toml", "--services", "--json")[1])["warnings"]) == 1


def test_a_wrong_setting_is_told_before_anything_is_started(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[database]\npool_max = 0\n")
    code, _, err = run("up", "--detach", "--config", "own.toml")
    assert code == 2
    assert err == (
        f"pampax: {tmp_path}/own.toml:2: database.pool_max is not right; "
        "it should be a number of connections per process, 1..200\n"
    )
    assert not (tmp_path / "data" / "postgres").exists()
