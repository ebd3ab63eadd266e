"""Tasks from a repository's history, and how what is shown for one is judged."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pampax.bench.history.commits import Task, check_out, history_of
from pampax.bench.history.contestants import CONTESTANTS, Ground, Piece, _filled, grep_and_read
from pampax.bench.suites.bundles import BUDGETS, Judged, judge, ratios
from pampax.codeintel.tokens import counter
from pampax.core.errors import ConfigError

FIRST = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


def commit(folder: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    for arguments in (["add", "-A"], ["commit", "-q", "-m", message]):
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    commit(folder, "Begin with two functions", shop=FIRST, other="x = 1\n")
    commit(folder, "Return three from the second (#12)\n\nSigned-off-by: A", shop=FIRST.replace("return 2", "return 3"))
    commit(folder, "Bump version to 2.0 everywhere now", other="x = 2\n")
    commit(folder, "short words", other="x = 3\n")
    commit(folder, "Add a file that was not there", new="y = 1\n")
    commit(
        folder, "Count from ten in the second function", shop=FIRST.replace("return 2", "return 10"), other="x = 10\n"
    )
    return folder


def test_commits_that_read_like_tasks_become_tasks(clone: Path) -> None:
    history = history_of(clone, "clone", 10)
    assert [task.text for task in history.tasks] == [
        "Count from ten in the second function",
        "Return three from the second",
    ]


def test_lines_count_where_the_tree_still_has_them(clone: Path) -> None:
    newer, older = history_of(clone, "clone", 10).tasks
    assert older.changed == {"shop.py": frozenset({6})}
    assert newer.changed == {"other.py": None, "shop.py": None}  # changed in between


def test_the_tree_is_that_before_the_oldest_task(clone: Path, tmp_path: Path) -> None:
    history = history_of(clone, "clone", 10)
    check_out(clone, history.tree, tmp_path / "tree")
    assert (tmp_path / "tree/shop.py").read_text() == FIRST
    assert not (tmp_path / "tree/new.py").exists()


def test_the_tree_has_the_history_before_it_and_names_nothing_after_it(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commit(clone, "Return eleven from the second function", shop=FIRST.replace("return 2", "return 11"))
    history = history_of(clone, "clone", 1)
    check_out(Path("clone"), history.tree, Path("tree"))

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path / "tree"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert git("log", "--format=%s").splitlines()[0] == "Count from ten in the second function"
    assert len(git("log", "--all", "--format=%H").splitlines()) == len(git("log", "--format=%H").splitlines()) == 6
    assert git("status", "--porcelain") == ""


def test_a_folder_without_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="git log failed"):
        history_of(tmp_path, "none", 10)


def test_what_is_shown_is_judged_by_files_and_lines() -> None:
    task = Task("c", "t", {"a.py": frozenset({5, 6, 40}), "b.py": None})
    found = judge(task, [Piece("a.py", 1, 10), Piece("a.py", 30, 50, outlined=True), Piece("c.py", 1, 2)])
    assert (found.files, found.precision, found.lines) == (0.5, 0.5, 2 / 3)
    assert judge(task, []).precision == 0


def test_pieces_are_cut_where_the_budget_ends() -> None:
    ground = Ground(None, "r", {"a.py": [f"value_{number} = {number}" for number in range(200)]})  # type: ignore[arg-type]
    (piece,) = _filled(ground, [Piece("a.py", 1, 200), Piece("a.py", 1, 10)], 300)
    text = "\n".join(ground.files["a.py"][: piece.end_line])
    assert 250 < counter("o200k_base").count(f"a.py:1-200\n{text}") <= 300


def test_grep_reads_where_most_words_stand() -> None:
    lines = ["nothing"] * 200
    lines[130] = "def retry_payment(): backoff"
    ground = Ground(None, "r", {"a.py": lines, "b.py": ["retry"]})  # type: ignore[arg-type]
    best = grep_and_read(ground, "retry the payment with backoff", 100_000)[0]
    assert best.path == "a.py"
    assert best.start_line <= 131 <= best.end_line


def test_bundles_are_compared_with_each_other_way() -> None:
    judged = {
        (name, budget): [Judged(0.8 if name == "bundle" else 0.5, 0.1, None)] * 2
        for name in CONTESTANTS
        for budget in BUDGETS
    }
    judged["grep and read", 2_000] = [Judged(0.0, 0.0, None)]
    times = {figure.name: figure.value for figure in ratios(judged)}
    assert times["files found, 8,000 tokens: bundle to top hits"] == pytest.approx(1.6)
    assert "files found, 2,000 tokens: bundle to grep and read" not in times
