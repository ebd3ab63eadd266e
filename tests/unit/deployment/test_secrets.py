"""The secrets of a deployment: made once, given ones kept, each audience shown only its own."""

import stat
import tomllib
from pathlib import Path

import pytest

from pampax.core.errors import FailedPrecondition, LocalIOError
from pampax.deployment import __main__ as command
from pampax.deployment.secrets import api_key, prepare

AUDIENCES = ("gateway", "services", "indexing", "worker", "migrate", "client", "postgres", "redis")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vault", *AUDIENCES):
        (tmp_path / name).mkdir()
    return tmp_path


def everything(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def audience_text(folder: Path, audience: str) -> str:
    return "".join(path.read_text() for path in (folder / audience).iterdir())


def test_a_second_start_finds_what_the_first_one_made(folder):
    prepare(folder, {})
    first = everything(folder)
    prepare(folder, {})
    assert everything(folder) == first


def test_two_deployments_share_no_secret(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for name in ("vault", *AUDIENCES):
        (other / name).mkdir()
    prepare(folder, {})
    prepare(other, {})
    secrets = [{path.read_text() for path in (each / "vault").iterdir()} for each in (folder, other)]
    assert len(secrets[0]) == len(secrets[1]) == 8
    assert not secrets[0] & secrets[1]


def test_a_given_secret_is_kept_and_reaches_those_who_need_it(folder):
    prepare(folder, {"api_key": "pampax_mine", "caller_secret": "ab" * 32})
    prepare(folder, {"api_key": "", "caller_secret": ""})
    assert api_key(folder) == "pampax_mine"
    for audience in ("gateway", "services", "indexing"):
        assert tomllib.loads(audience_text(folder, audience))["auth"]["caller_secret"] == "ab" * 32


def test_a_secret_given_later_takes_the_place_of_the_made_one(folder):
    prepare(folder, {})
    prepare(folder, {"key_pepper": "cd" * 32})
    assert tomllib.loads(audience_text(folder, "migrate"))["auth"]["key_pepper"] == "cd" * 32


@pytest.mark.parametrize(
    ("secret", "audiences"),
    [
        ("superuser_password", {"postgres"}),
        ("owner_password", {"postgres", "migrate"}),
        ("service_password", {"gateway", "services", "indexing", "worker", "migrate"}),
        ("redis_password", {"gateway", "indexing", "worker", "redis"}),
        ("key_pepper", {"gateway", "migrate"}),
        ("caller_secret", {"gateway", "services", "indexing"}),
        ("api_key", {"migrate", "client"}),
        ("credential_keys", {"indexing", "worker"}),
    ],
)
def test_each_audience_sees_only_what_it_needs(folder, secret, audiences):
    prepare(folder, {})
    value = (folder / "vault" / secret).read_text()
    assert {audience for audience in AUDIENCES if value in audience_text(folder, audience)} == audiences


def test_no_file_is_open_to_everybody(folder):
    prepare(folder, {})
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o640}


def test_a_folder_that_is_missing_is_named(folder):
    (folder / "redis").rmdir()
    with pytest.raises(LocalIOError, match="redis"):
        prepare(folder, {})


def test_no_key_is_printed_before_the_first_start(folder):
    with pytest.raises(FailedPrecondition, match="start the system first"):
        api_key(folder)


def test_the_command_makes_the_secrets_and_prints_the_key(folder, monkeypatch, capsys):
    monkeypatch.setattr(command, "FOLDER", folder)
    assert command.main(["key"]) == 2
    monkeypatch.setenv("PAMPAX_BOOTSTRAP__API_KEY", "pampax_mine")
    assert command.main(["secrets"]) == 0
    capsys.readouterr()
    assert command.main(["key"]) == 0
    assert capsys.readouterr().out == "pampax_mine\n"


def test_a_given_secret_that_is_too_weak_is_refused(folder, monkeypatch, capsys):
    monkeypatch.setattr(command, "FOLDER", folder)
    monkeypatch.setenv("PAMPAX_AUTH__KEY_PEPPER", "1234")
    assert command.main(["secrets"]) == 2
    assert "64 hex digits" in capsys.readouterr().err
