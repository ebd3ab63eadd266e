"""What people read about settings is made from them and complete."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pampax.runtime.configuration.catalog import by_name, catalog
from pampax.runtime.configuration.flags import read_flags
from pampax.runtime.configuration.names import SERVICE_NAMES
from pampax.runtime.configuration.template import commented_file
from pampax.runtime.settings import Settings
from pampax.runtime.variables import CLI_VARIABLES, FILE_VARIABLE

from .conftest import Load

ROOT = Path(__file__).parents[4]
_ASSIGNMENT = re.compile(r"^# (\w+ = .*)$", re.MULTILINE)
_VARIABLE = re.compile(r"\bPAMPAX_[A-Z_]*[A-Z]\b")


def test_every_setting_says_what_it_is_what_is_allowed_and_who_reads_it() -> None:
    assert [
        setting.name for setting in catalog() if not (setting.meaning and setting.allowed and setting.read_by)
    ] == []


def test_the_names_at_the_top_of_the_file_are_those_of_the_model() -> None:
    assert set(SERVICE_NAMES) == set(Settings.model_fields)


def test_everything_that_may_hold_a_password_is_a_secret() -> None:
    secret = {setting.name for setting in catalog() if setting.secret}
    assert secret == {
        "database.url", "database.owner_url", "database.service_password", "redis.url", "auth.key_pepper",
        "auth.caller_secret", "bootstrap.api_key", "indexing.credential_keys",
    }  # fmt: skip


def test_a_secret_is_never_shown() -> None:
    setting = by_name()["database.url"]
    assert (setting.shown("postgresql://u:hunter2@h"), setting.shown("")) == ('"********"', '""')


def test_the_commented_file_is_valid_and_changes_nothing(loaded: Load) -> None:
    Path("pampax.toml").write_text(commented_file())
    assert loaded().settings == Settings()
    assert loaded().places == {}


def test_the_commented_file_has_every_setting_with_its_default(loaded: Load) -> None:
    text = commented_file().partition("# The command line tool alone")[0]
    Path("pampax.toml").write_text(_ASSIGNMENT.sub(r"\1", text))
    assert set(loaded().places) == set(by_name())
    assert loaded().settings == Settings()


def test_the_commented_file_names_what_clients_read() -> None:
    client = commented_file().partition("[client]")[2]
    assert set(tomllib.loads("\n".join(_ASSIGNMENT.findall(client)))) == {"endpoint", "token_file"}


def test_help_lists_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_flags(["--help"], "python -m pampax.search")
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert [setting.flag for setting in catalog() if setting.flag not in shown] == []
    assert shown.startswith("usage: python -m pampax.search [--config FILE] [--SECTION.NAME VALUE ...]")


def test_the_page_is_what_the_settings_say() -> None:
    done = subprocess.run([sys.executable, "tools/settings_page.py", "--check"], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_no_variable_is_named_anywhere_that_the_page_does_not_have() -> None:
    known = {*CLI_VARIABLES, FILE_VARIABLE, *(setting.variable for setting in catalog())}
    sources = [path for folder in ("libs", "services", "clients") for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in sources for name in _VARIABLE.findall(path.read_text("utf-8"))}
    assert named - known - {"PAMPAX_GATEWAY_PORT"} == set()
