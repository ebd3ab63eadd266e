"""Commits and checkouts that are measured in turn: small repositories whose command does no more than say it ran."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from pampax.bench.checkouts import code_of, commit_of, installed, missing_pins, repository_root
from pampax.bench.interleaving import compare_sides
from pampax.bench.running import Wanted, run
from pampax.bench.system import Installation, System, environment, this_installation
from pampax.core.errors import ConfigError, DeadlineExceeded, Internal, Unavailable

# Answers as the real command does, and writes down which checkout was asked.
COMMAND = """
import json, os, pathlib, sys
STATE = "{state}"
def run():
    with open("{log}", "a") as log:
        log.write(STATE + " " + sys.argv[1] + "\\n")
    if STATE == "broken":
        sys.stderr.write(json.dumps({{"error": {{"message": "it does not start"}}}}))
        sys.exit(4)
    print(json.dumps({{"endpoint": "http://127.0.0.1:9", "token": "t", "services": []}}))
"""
Checkout = Callable[..., Path]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "asked.log"


@pytest.fixture
def checkout(tmp_path: Path, log: Path) -> Checkout:
    """Makes a repository with a commit per state, the last one checked out and tagged with their names."""

    def make(*states: str, requirements: str = "") -> Path:
        root = tmp_path / "repository"
        command = root / "clients" / "pampax" / "cli" / "main.py"
        for folder in (command.parent, root / "libs" / "pampax" / "core", root / "services", root / "requirements"):
            folder.mkdir(parents=True)
        (command.parent / "__init__.py").touch()
        (root / "libs" / "pampax" / "core" / "kept").touch()
        (root / "services" / "kept").touch()
        (root / "requirements" / "all.txt").write_text(requirements)
        git(root, "init", "--quiet")
        for state in states:
            command.write_text(COMMAND.format(state=state, log=log))
            git(root, "add", "--all")
            git(root, "commit", "--quiet", "--message", state)
            git(root, "tag", state)
        return root

    return make


def git(root: Path, *arguments: str) -> str:
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **identity}
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=env, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


def quiet(_text: str) -> None:
    """Nobody listens."""


def test_two_commits_are_measured_in_turn_and_leave_no_worktree(checkout: Checkout, log: Path) -> None:
    root = checkout("old", "new")
    comparison = compare_sides("old", "new", Wanted(("start",)), 3, root, quiet)
    asked = [line.split()[0] for line in log.read_text().splitlines() if line.endswith(" up")][::2]
    assert asked == ["old", "new", "new", "old", "old", "new"]
    assert [row.name for row in comparison.rows] == ["up, first", "up, warm", "down"]
    assert (len(comparison.a.rounds), len(comparison.b.rounds)) == (3, 3)
    assert comparison.a.code.commit == git(root, "rev-parse", "old")
    assert comparison.a.code.label.startswith("old (")
    assert comparison.interleaved
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_folder_is_measured_with_its_uncommitted_changes(checkout: Checkout, log: Path) -> None:
    root = checkout("old")
    command = root / "clients" / "pampax" / "cli" / "main.py"
    command.write_text(COMMAND.format(state="changed", log=log))
    comparison = compare_sides("old", str(root), Wanted(("start",)), 3, root, quiet)
    assert {line.split()[0] for line in log.read_text().splitlines()} == {"old", "changed"}
    assert (comparison.a.code.dirty, comparison.b.code.dirty) == (False, True)


def test_a_system_that_does_not_start_ends_everything(checkout: Checkout) -> None:
    root = checkout("old", "broken")
    with pytest.raises(Unavailable, match=r"broken \(.*\): pampax (up|down) ended with exit code 4: it does not start"):
        compare_sides("old", "broken", Wanted(("start",)), 3, root, quiet)
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_bad_commit_is_refused_before_anything_runs(checkout: Checkout, log: Path) -> None:
    root = checkout("old")
    for bad in ("nosuch", "--help", "old:clients"):
        with pytest.raises(ConfigError, match="is no commit of"):
            compare_sides("old", bad, Wanted(("start",)), 3, root, quiet)
    assert not log.exists()


def test_a_folder_outside_git_is_told(tmp_path: Path, checkout: Checkout) -> None:
    with pytest.raises(ConfigError, match="is in no git repository"):
        repository_root(tmp_path)
    git(tmp_path, "init", "--quiet", "other")
    with pytest.raises(ConfigError, match="is no checkout of PAMPAX"):
        repository_root(tmp_path / "other")
    root = checkout("old")
    assert repository_root(root / "libs") == root.resolve()
    assert commit_of(root, "old") == git(root, "rev-parse", "HEAD")


def test_a_machine_without_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="there is no git"):
        repository_root(tmp_path)


def test_a_checkout_with_an_environment_of_its_own_uses_it(checkout: Checkout, tmp_path: Path) -> None:
    root = checkout("old")
    own = root / ".venv" / "bin"
    own.mkdir(parents=True)
    (own / "python").symlink_to(sys.executable)
    with installed(root, str(root), tmp_path, quiet) as installation:
        assert installation.python == own / "python"


def test_packages_that_differ_are_set_up_by_make(checkout: Checkout, tmp_path: Path) -> None:
    root = checkout("old", requirements="click==0.0.1 \\\n    --hash=sha256:00\n")
    (root / "Makefile").write_text("setup:\n\t@mkdir -p .venv/bin && ln -s $(PYTHON) .venv/bin/python\n")
    with installed(root, str(root), tmp_path, quiet) as installation:
        assert installation.python == root / ".venv" / "bin" / "python"


def test_a_setup_that_fails_is_told(checkout: Checkout, tmp_path: Path) -> None:
    root = checkout("old", requirements="click==0.0.1 \\\n    --hash=sha256:00\n")
    (root / "Makefile").write_text("setup:\n\t@echo no network >&2; exit 1\n")
    with pytest.raises(Internal, match="no network"), installed(root, str(root), tmp_path, quiet):
        pass


def test_pins_are_compared_with_what_is_installed() -> None:
    lines = [
        f"click=={version('click')} \\",
        "    --hash=sha256:00",
        "no-such-package==1.0 \\",
        "colorama==0.0 ; sys_platform == 'win32' \\",
        "rich==0.0.0",
    ]
    assert missing_pins("\n".join(lines)) == ["no-such-package==1.0", "rich==0.0.0"]


def test_the_code_of_this_installation_is_told() -> None:
    code = code_of(this_installation())
    assert code.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert len(code.commit) in (0, 40)


def test_no_other_setting_reaches_a_measured_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_TOKEN", "secret")
    assert "PAMPAX_TOKEN" not in environment({})
    assert environment({"PAMPAX_LOG__LEVEL": "debug"})["PAMPAX_LOG__LEVEL"] == "debug"


def test_a_signal_while_a_system_is_stopped_counts_afterwards(tmp_path: Path) -> None:
    stops = tmp_path / "stops"
    stops.write_text(f"#!/bin/sh\nkill -TERM $PPID\ntouch {tmp_path}/stopped\n")
    stops.chmod(0o755)
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        System(Installation("x", stops), tmp_path).down()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (tmp_path / "stopped").exists()
    assert told == [signal.SIGTERM]


def test_a_command_that_hangs_or_fails_is_told(tmp_path: Path) -> None:
    hangs = tmp_path / "hangs"
    hangs.write_text("#!/bin/sh\nexec sleep 60\n")
    hangs.chmod(0o755)
    with pytest.raises(DeadlineExceeded, match="took more than"):
        Installation("x", hangs).run("up", env={"PATH": os.environ["PATH"]}, cwd=tmp_path, timeout_s=0.2)
    fails = tmp_path / "fails"
    fails.write_text("#!/bin/sh\necho plain words >&2\nexit 3\n")
    fails.chmod(0o755)
    with pytest.raises(Unavailable, match="exit code 3: plain words"):
        Installation("x", fails).run("up", env={"PATH": os.environ["PATH"]}, cwd=tmp_path)


def test_a_corpus_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="there is no corpus 'huge'"):
        run(Wanted(("start",), "huge"), this_installation(), quiet)
