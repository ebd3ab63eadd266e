"""The command's own answers: help, usage, exit codes, errors as text and as JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pampax.cli import main as entry
from pampax.cli.main import COMMANDS
from pampax.core.errors import Internal

from .conftest import Run


@pytest.mark.parametrize(
    "command",
    [
        "",
        *COMMANDS,
        "repos list",
        "repos show",
        "repos check",
        "repos delete",
        "builds list",
        "builds prune",
        "context list",
        "context show",
        "context save",
        "context delete",
        "context use",
        "bundle show",
        "bundle verify",
        "bundle diff",
    ],
)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    code, out, err = run(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert f"Usage: pampax {command}".rstrip() in out
    assert f"  pampax {command}".rstrip() in out.split("Usage:")[1]
    assert "--endpoint URL" in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["serach", "x"], "there is no command 'serach'; did you mean search?"),
        (["search"], "missing argument 'QUERY...'"),
        (["search", ""], "the query is empty"),
        (["search", " \t "], "the query is empty"),
        (["assemble", ""], "the task is empty; describe the task"),
        (["search", "x", "-k", "0"], "0 is not in the range 1<=x<=100"),
        (["search", "x", "-k", "x"], "'--limit' / '-k': 'x' is not a whole number"),
        (["assemble", "x", "-b", "1.5"], "'--budget' / '-b': '1.5' is not a whole number"),
        (["search", "x", "--max-staleness", "x"], "'--max-staleness': 'x' is not a duration"),
        (["search", "x", "-m", "regexp"], "'regexp' is not one of 'hybrid', 'lexical', 'semantic', 'symbol'"),
        (["search", "x", "--lmit", "3"], "there is no option --lmit; did you mean --limit"),
        (["search", "caf\udce9"], "is not valid UTF-8"),
        (["up", "--port", "70000"], "70000 is not in the range"),
        (["index", ""], "the path is empty"),
        (["index", "https://example.com/x.git", "--upload"], "--upload and --no-upload are for folders"),
        (["search", "x", "--endpoint", ""], "must not be empty"),
        (["search", "x", "--endpoint", "localhost:80"], "is no http address"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(run: Run, arguments: list[str], line: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("pampax: ")
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--json", "search", "x"], ["search", "--json", "x"], ["search", "x", "--json"]])
def test_options_of_every_command_are_accepted_before_and_after_its_name(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (4, "")
    assert json.loads(err)["error"]["reason"] == "NO_SYSTEM"


def test_an_error_in_json_has_a_stable_form(run: Run) -> None:
    _, _, err = run("search", "x", "--json")
    assert list(json.loads(err)["error"]) == ["reason", "message", "exit_code", "corr_id"]
    _, _, err = run("search", "--no-such", "--json")
    assert json.loads(err)["error"] | {"message": ""} == {
        "reason": "USAGE", "message": "", "exit_code": 2, "corr_id": ""
    }  # fmt: skip


def test_without_a_system_the_exit_code_is_that_of_the_network(run: Run) -> None:
    code, _, err = run("search", "x")
    assert (code, err) == (4, "pampax: no system runs here: start it with `pampax up`, or give --endpoint\n")


def test_a_folder_that_is_not_there_is_exit_code_3(run: Run) -> None:
    code, _, err = run("index", "nowhere")
    assert code == 3
    assert "no such folder" in err


def test_an_empty_folder_is_exit_code_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = run("index", "empty")
    assert code == 2
    assert "holds no files to index" in err


def test_status_of_a_system_that_never_ran(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("status", "--json")
    assert code == 0
    assert json.loads(out) == {"state": "stopped", "endpoint": "", "data_dir": str(tmp_path / "data"), "services": []}


def test_down_without_a_system_is_no_mistake(run: Run) -> None:
    assert run("down")[:2] == (0, "nothing was running\n")


def test_what_nobody_foresaw_shows_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> int:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(entry, "_invoke", fail)
    code, _, err = run("version")
    assert code == 6
    assert err == "pampax: internal error: ZeroDivisionError: oh; --verbose shows where, please report it\n"


def test_an_internal_error_of_the_server_names_the_request(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> int:
        raise Internal("it broke", metadata={"corr_id": "c0ffee"})

    monkeypatch.setattr(entry, "_invoke", fail)
    assert run("version")[::2] == (6, "pampax: it broke (request c0ffee)\n")


def test_an_interrupt_is_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> int:
        raise KeyboardInterrupt("indexing goes on")

    monkeypatch.setattr(entry, "_invoke", fail)
    assert run("version") == (130, "", "pampax: indexing goes on\n")


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -c 'from pampax.cli.main import run; run()' --help | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_a_full_disk_is_exit_code_3() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from pampax.cli.main import run; run()", "version"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=30,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith("pampax: No space left on device")
    assert done.stderr.count("\n") == 1


def test_help_waits_for_nothing_heavy() -> None:
    code = "import sys; from pampax.cli.main import main; main(['search', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"rich", "httpx", "pydantic", "psutil", "pampax.embedded.system", "numpy"}


@pytest.mark.parametrize(
    "arguments", [["version", "--json"], ["--version", "--json"], ["--json", "--version"], ["--version", "--json", "x"]]
)
def test_the_version_is_told(run: Run, arguments: list[str]) -> None:
    assert run("--version") == run("version")
    code, out, _ = run(*arguments)
    assert code == 0
    assert list(json.loads(out)) == ["version", "python"]


@pytest.mark.parametrize("made", ["bare", "inside"])
def test_a_repository_without_a_work_tree_is_refused_with_the_way(run: Run, tmp_path: Path, made: str) -> None:
    there = tmp_path / "my shop.git"
    subprocess.run(["git", "init", "-q", *(["--bare"] if made == "bare" else []), there], check=True, timeout=30)
    there = there if made == "bare" else there / ".git"
    code, out, err = run("index", str(there))
    assert (code, out) == (2, "")
    assert err.startswith(f"pampax: {there} is a bare git repository: give {there.as_uri()} ")
