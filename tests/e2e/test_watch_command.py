"""`pampax watch`: what is saved is found, what is ignored costs nothing, and whatever goes away comes back."""

import json
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import PAMPAX, PATIENCE_S, Cli, commit, git

# How long nothing may happen for it to be sure that nothing will: several times the quiet time and a refresh.
SILENCE_S = 3.0


class Watched:
    """A running `pampax watch` and what it says."""

    def __init__(self, pampax: Cli, *arguments: str | Path) -> None:
        self.process = pampax.start("watch", "--debounce", "0.1", *arguments)
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def next(self, *events: str) -> dict[str, Any]:
        """The next thing that it says, which is one of these."""
        line = self._lines.get(timeout=PATIENCE_S)
        assert line is not None, self.process.stderr and self.process.stderr.read()
        said: dict[str, Any] = json.loads(line)
        assert said["event"] in events, said
        return said

    def is_silent(self) -> bool:
        try:
            return self._lines.get(timeout=SILENCE_S) is None
        except queue.Empty:
            return True

    def end(self, number: int = signal.SIGINT) -> dict[str, Any]:
        self.process.send_signal(number)
        said = self.next("stopped")
        assert self.process.wait(PATIENCE_S) == 0
        return said


Watch = Callable[..., Watched]


@pytest.fixture
def watch(pampax: Cli) -> Iterator[Watch]:
    started: list[Watched] = []

    def start(*arguments: str | Path) -> Watched:
        started.append(Watched(pampax, *arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.fixture
def tree(folder: Path) -> Path:
    """A git work tree with a commit."""
    write(folder, ".gitignore", "build/\n*.log\n")
    write(folder, "src/first.py", "def first_thing():\n    return 1\n")
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def found(pampax: Cli, repository: str, query: str, *options: str) -> list[str]:
    """The best result alone: names that share a part with what was asked for come after it."""
    results = pampax("search", query, "-r", repository, "-m", "symbol", "--json", *options).json["results"]
    return [result["path"] for result in results[:1]]


@pytest.mark.parametrize("way", ["--no-upload", "--upload"])
def test_what_is_saved_is_found_and_what_is_removed_is_not(pampax: Cli, watch: Watch, tree: Path, way: str) -> None:
    watched = watch(tree, way)
    begun = watched.next("watching")
    assert (begun["ref"], begun["generation"], begun["folders"] > 1) == ("main", 1, True)
    name = begun["repository"]
    write(tree, "src/second.py", "def zebra_crossing():\n    return 2\n")
    said = watched.next("refreshed")
    assert (said["generation"], said["paths"], said["new_blobs"], said["dirty"]) == (2, ["src/second.py"], 1, True)
    assert found(pampax, name, "zebra_crossing") == ["src/second.py"]
    write(tree, "new/deep/third.py", "def quokka_smile():\n    return 3\n")
    assert watched.next("refreshed")["generation"] == 3
    write(tree, "new/deep/third.py", "def quokka_frown():\n    return 3\n")
    assert watched.next("refreshed")["paths"] == ["new/deep/third.py"]
    assert found(pampax, name, "quokka_frown") == ["new/deep/third.py"]
    (tree / "src/second.py").unlink()
    assert watched.next("refreshed")["files"] == 3
    assert found(pampax, name, "zebra_crossing") == []
    stopped = watched.end()
    assert (stopped["refreshes"], stopped["changed_paths"] >= 3) == (4, True)


@pytest.mark.parametrize("way", ["--no-upload", "--upload"])
def test_ignored_files_and_needless_saves_cause_nothing(watch: Watch, tree: Path, way: str) -> None:
    write(tree, "build/out.py", "x = 1\n")
    watched = watch(tree, way)
    watched.next("watching")
    write(tree, "build/more/out.py", "x = 2\n")
    write(tree, "debug.log", "nothing\n")
    write(tree, "src/first.py", (tree / "src/first.py").read_text())
    shutil.rmtree(tree / "build")
    assert watched.is_silent()
    write(tree, ".gitignore", "*.log\n")
    assert watched.next("refreshed")["files"] == 2
    write(tree, "build/out.py", "x = 3\n")
    assert watched.next("refreshed")["files"] == 3
    watched.end(signal.SIGTERM)


def test_a_branch_switch_is_one_refresh(pampax: Cli, watch: Watch, tree: Path) -> None:
    git(tree, "checkout", "-q", "-b", "feature")
    for number in range(300):
        write(tree, f"pkg{number % 10}/m{number}.py", f"def made_{number}():\n    return {number}\n")
    head = commit(tree)
    git(tree, "checkout", "-q", "main")
    watched = watch(tree)
    name = watched.next("watching")["repository"]
    git(tree, "checkout", "-q", "feature")
    said = watched.next("refreshed")
    assert (said["ref"], said["commit"], said["dirty"], said["files"]) == ("feature", head, False, 302)
    assert watched.is_silent()
    assert found(pampax, name, "made_299", "--ref", "feature") == ["pkg9/m299.py"]
    write(tree, "pkg1/m1.py", "def made_anew():\n    return 1\n")
    assert watched.next("refreshed")["paths"] == ["pkg1/m1.py"]
    again = commit(tree)
    said = watched.next("refreshed")
    assert (said["commit"], said["dirty"], said["new_blobs"]) == (again, False, 0)
    git(tree, "checkout", "-q", "main")
    write(tree, "src/only_main.py", "def only_main():\n    return 1\n")
    assert watched.next("refreshed")["ref"] == "main"
    watched.end()


def test_saves_during_a_refresh_are_one_more(pampax: Cli, watch: Watch, tree: Path) -> None:
    watched = watch(tree, "--upload")
    name = watched.next("watching")["repository"]
    for number in range(60):
        write(tree, f"src/s{number}.py", f"def saved_{number}():\n    return {number}\n")
        time.sleep(0.02)
    files, refreshes = 0, 0
    while files < 62:
        files, refreshes = watched.next("refreshed")["files"], refreshes + 1
    assert refreshes < 20
    assert found(pampax, name, "saved_59") == ["src/s59.py"]
    watched.end()


def test_a_branch_that_is_not_asked_for_is_told_once_and_left_alone(watch: Watch, tree: Path) -> None:
    watched = watch(tree, "--ref", "main")
    watched.next("watching")
    git(tree, "checkout", "-q", "-b", "side")
    assert watched.next("refused")["reason"] == "REF_NOT_CHECKED_OUT"
    write(tree, "src/side.py", "x = 1\n")
    assert watched.is_silent()
    git(tree, "stash", "-q", "--include-untracked")
    git(tree, "checkout", "-q", "main")
    write(tree, "src/main.py", "x = 2\n")
    assert watched.next("refreshed")["ref"] == "main"
    watched.end()


def test_a_repository_that_is_deleted_meanwhile_ends_it(pampax: Cli, watch: Watch, tree: Path) -> None:
    watched = watch(tree)
    name = watched.next("watching")["repository"]
    assert pampax("repos", "delete", name, "--yes").code == 0
    write(tree, "src/more.py", "x = 1\n")
    assert watched.process.wait(PATIENCE_S) == 2
    assert watched.process.stderr is not None
    assert "was deleted while it was watched" in watched.process.stderr.read()


def test_a_folder_that_cannot_be_watched_is_a_usage_error(pampax: Cli, folder: Path, home: Path) -> None:
    assert pampax("watch", folder).code == 2  # it is empty
    assert pampax("watch", folder / "nowhere").code == 3
    assert pampax("watch", home, "--debounce", "-1").code == 2
    assert "pampax watch ~/src/shop" in pampax("watch", "--help").out


def test_a_system_that_goes_away_and_comes_back_is_caught_up_with(home: Path, tree: Path) -> None:
    """One of its own: the others must not miss theirs."""
    work_dir = home / "away"
    work_dir.mkdir()
    pampax = Cli(home / "away-data", work_dir)
    try:
        watched = Watched(pampax, tree)
        assert watched.next("retrying")["reason"] == "NO_SYSTEM"
        assert pampax("up", "--detach").code == 0
        assert watched.next("recovered", "watching")
        name = watched.next("watching")["repository"]
        assert pampax("down").code == 0
        write(tree, "src/away.py", "def while_away():\n    return 1\n")
        assert watched.next("retrying")
        assert pampax("up", "--detach").code == 0
        watched.next("recovered")
        assert watched.next("refreshed")["paths"] == ["src/away.py"]
        assert found(pampax, name, "while_away") == ["src/away.py"]
        watched.end()
    finally:
        if watched.process.poll() is None:
            watched.process.kill()
        watched.process.communicate()
        pampax("down")


def test_a_terminal_gets_lines_for_a_person(pampax: Cli, tree: Path) -> None:
    script = shutil.which("script")
    if script is None:
        pytest.skip("there is no `script` here to make a terminal")
    with subprocess.Popen(
        # The interrupt is for the command alone: a shell around it would end with a code of its own.
        [script, "-qec", f"exec {PAMPAX} watch {tree} --debounce 0.1", "/dev/null"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=pampax.work_dir, env=pampax.env,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        assert "is up to date, generation 1; watching" in process.stdout.readline()
        write(tree, "src/second.py", "def second():\n    return 2\n")
        assert "generation 2: 1 file (src/second.py) in" in process.stdout.readline()
        process.stdin.write("\x03")
        process.stdin.flush()
        assert "1 refresh, 1 changed file" in process.stdout.read()
        assert process.wait(PATIENCE_S) == 0


def test_history_goes_along_with_an_upload_once_for_each_commit(pampax: Cli, tree: Path, watch: Watch) -> None:
    for number in range(2):
        write(tree, "src/first.py", f"def first_thing():\n    return {number}\n")
        write(tree, "src/second.py", f"def second_thing():\n    return {number}\n")
        commit(tree)
    watched = watch(tree, "--upload")
    name = watched.next("watching")["repository"]

    def together() -> str:
        return pampax("graph", "cochange", "src/first.py", "-r", name).out

    assert "src/second.py  0.50, changed together in 2 of 2 commits" in together()
    write(tree, "src/first.py", "def first_thing():\n    return 'not committed'\n")
    watched.next("refreshed")
    assert "src/second.py  0.50, changed together in 2 of 2 commits" in together()
    commit(tree)
    watched.next("refreshed")
    assert "src/second.py  0.40, changed together in 2 of 3 commits" in together()
