"""File, variables and flags: which one holds, and what is said of each one's mistakes."""

import os
from pathlib import Path

import pytest

from pampax.runtime.configuration.catalog import by_name
from pampax.runtime.configuration.environment import child_environment
from pampax.runtime.configuration.load import load

from .conftest import Load, Refused

SECRET = "hunter2"
KEY = "ab" * 32


def written(text: str, name: str = "pampax.toml", mode: int = 0o600) -> Path:
    path = Path(name)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_variables_overrule_the_file_and_flags_both(loaded: Load) -> None:
    written('[log]\nlevel = "debug"\nformat = "console"\n[indexing]\nconcurrency = 2\n', "own.toml")
    found = loaded("--config", "own.toml", "--log.level=error", PAMPAX_LOG__LEVEL="warning", PAMPAX_LOG__FORMAT="json")
    assert (found.settings.log.level, found.settings.log.format, found.settings.indexing.concurrency) == (
        "error",
        "json",
        2,
    )
    assert found.places == {
        "log.level": "--log.level",
        "log.format": "PAMPAX_LOG__FORMAT",
        "indexing.concurrency": "own.toml:5",
    }
    assert found.origin("mode") == "default"


def test_the_file_is_the_named_one_then_that_of_the_variable_then_that_of_the_folder(loaded: Load) -> None:
    for name, pool_max in (("pampax.toml", 1), ("variable.toml", 2), ("flag.toml", 3)):
        written(f"[database]\npool_max = {pool_max}", name)
    assert loaded().settings.database.pool_max == 1
    assert loaded(PAMPAX_CONFIG="variable.toml").settings.database.pool_max == 2
    assert loaded("--config=flag.toml", PAMPAX_CONFIG="variable.toml").settings.database.pool_max == 3


def test_ten_mistakes_in_a_file_are_ten_lines_in_its_order(refused: Refused) -> None:
    written(
        'mode = "bare"\nserach = 1\nredis = "x"\n[log]\nlevel = ["debug"]\nconcurrency = 3\n'
        '[indexing]\nconcurrency = 0\nallow_private_git = "maybe"\n'
        '[search]\nadress = "x"\naddress = "localhost"\n[auth]\nkey_pepper = "hunter2"\n'
    )
    assert [line.removeprefix(f"{Path.cwd()}/pampax.toml:") for line in refused()] == [
        "1: mode is not right; it should be embedded or server",
        "2: serach is not a setting; did you mean [search]?",
        "3: redis is a section; write [redis] and its settings below",
        "5: log.level is not right; it should be debug, info, warning or error",
        "6: log.concurrency is not a setting; did you mean indexing.concurrency?",
        "8: indexing.concurrency is not right; it should be a number of indexing jobs at a time, 1..256",
        "9: indexing.allow_private_git is not right; it should be true or false: may git URLs name internal hosts",
        "11: search.adress is not a setting; did you mean search.address?",
        "12: search.address is not right; it should be host:port, for example 127.0.0.1:50051",
        f"14: auth.key_pepper is not right; it should be {by_name()['auth.key_pepper'].allowed}",
    ]


def test_mistakes_of_all_sources_are_told_together_and_none_hides_behind_another(refused: Refused) -> None:
    written('[log]\nlevel = "loud"\n', "own.toml")
    lines = refused("--config", "own.toml", "--log.lvel", "x", "--log.level", "info", PAMPAX_LOG__LEVEL="shrill")
    assert [line.split(" is not ")[0] for line in lines] == ["own.toml:2: log.level", "PAMPAX_LOG__LEVEL", "--log.lvel"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = = 3", "is not valid TOML: Invalid value (at line 1, column 5)"),
        ("[log\n", "is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 5)"),
        ("mode = 'server'\nmode = 'server'", "is not valid TOML: Cannot overwrite a value (at line 2, column 16)"),
        (f"a = {'[' * 9_000}", "is nested too deep to be a configuration"),
        (f"# {'x' * 1024 * 1024}", "is larger than 1 MiB and no configuration"),
    ],
)
def test_what_is_no_toml_is_one_line(refused: Refused, text: str, told: str) -> None:
    written(text, "own.toml")
    assert refused("--config", "own.toml") == [f"own.toml {told}"]


def test_a_file_that_cannot_be_read_is_one_line_beside_the_others(refused: Refused) -> None:
    Path("bytes.toml").write_bytes(b"a = '\xff'")
    assert refused(PAMPAX_CONFIG="bytes.toml") == ["bytes.toml is not valid UTF-8; save it as that"]
    away = "away.toml cannot be read: No such file or directory; check --config and PAMPAX_CONFIG"
    assert refused("--config", "away.toml", PAMPAX_MODE="x")[0] == away
    assert refused("--config", ".")[0].startswith(". cannot be read: Is a directory")


def test_the_section_of_clients_is_theirs(loaded: Load) -> None:
    written("[client]\nwhatever = 3\n")
    assert loaded().places == {}


def test_a_setting_written_as_a_dotted_key_or_inline_has_its_line(loaded: Load, refused: Refused) -> None:
    written('log.level = "debug"\n\nsearch = { address = "127.0.0.1:1" }\n', "own.toml")
    assert loaded("--config", "own.toml").places == {"log.level": "own.toml:1", "search.address": "own.toml:3"}
    written("[[search]]\naddress = 3\n", "own.toml")
    assert refused("--config", "own.toml") == ["own.toml:1: search is a section; write [search] and its settings below"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--log.levle", "debug"), "--log.levle is not a flag; did you mean --log.level?"),
        (("--log.levle=debug",), "--log.levle is not a flag; did you mean --log.level?"),
        (("--gateway.http-address", "x"), "--gateway.http-address is not a flag; did you mean --gateway.http_address?"),
        (("-x",), "-x is not a flag; --help lists them"),
        (("--log.level",), "--log.level needs a value after it"),
        (("--config",), "--config needs a value after it"),
        (("start",), "start is not expected here; settings are given as --SECTION.NAME VALUE"),
        (("--indexing.concurrency", "-1"), "--indexing.concurrency is not right; it should be a number of indexing "),
    ],
)
def test_a_flag_that_does_not_hold_is_one_line(refused: Refused, arguments: tuple[str, ...], line: str) -> None:
    told = refused(*arguments)
    assert len(told) == 1
    assert told[0].startswith(line)


def test_no_value_is_ever_told(refused: Refused) -> None:
    written(f'[database]\nurl = "mysql://u:{SECRET}@h"\n[auth]\nkey_pepper = ["{SECRET}"]\n')
    told = refused("--redis.url", SECRET, "--auth.caller_secret", SECRET, PAMPAX_AUTH__KEY_PEPPER=SECRET)
    assert len(told) == 5
    assert SECRET not in "\n".join(told)


def test_a_secret_that_everybody_may_read_is_warned_of(loaded: Load) -> None:
    written(f'[auth]\nkey_pepper = "{KEY}"\ncaller_secret = ""\n', "own.toml", 0o644)
    (warning,) = loaded("--config", "own.toml").warnings
    assert warning == (
        "everybody on this machine may read own.toml, which holds auth.key_pepper; run `chmod 600 own.toml`"
    )
    assert loaded("--config", str(written("", "own.toml", 0o644))).warnings == ()
    assert loaded("--config", str(written(f'[auth]\nkey_pepper = "{KEY}"\n', "own.toml", 0o640))).warnings == ()


def test_of_two_spellings_of_a_variable_the_usual_one_holds(loaded: Load) -> None:
    assert loaded(pampax_log__level="debug").settings.log.level == "debug"
    assert loaded(PAMPAX_LOG__LEVEL="error", pampax_log__level="debug").settings.log.level == "error"


def test_a_child_has_the_settings_of_its_parent_wherever_they_came_from(loaded: Load) -> None:
    written('[log]\nlevel = "debug"\n[indexing]\nallow_private_git = true\n')
    parent = loaded("--redis.url", "", "--database.pool_max", "3", PAMPAX_REDIS__URL="redis://h").settings
    written('[log]\nlevel = "error"\n')
    environment = child_environment(parent, {"PAMPAX_REDIS__URL": "redis://h", "PATH": "/bin"})
    assert load(environ=environment).settings == parent
    assert (environment["PATH"], environment["PAMPAX_CONFIG"]) == ("/bin", os.devnull)
