"""Files that change together: of a folder, a git URL and an upload, told, drawn, and where there is no history."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Cli, commit, git


@pytest.fixture
def past(folder: Path) -> Path:
    """price.py and basket.py change together in two of the three commits after the first."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number in range(4):
        (folder / "price.py").write_text(f"def price():\n    return {number}\n")
        if number < 3:
            (folder / "basket.py").write_text(f"def basket():\n    return {number}\n")
        (folder / "alone.py").write_text("def alone():\n    return 1\n")
        commit(folder)
    return folder


@pytest.mark.parametrize("how", ["folder", "git URL", "upload"])
def test_what_changes_together_is_told_and_drawn(pampax: Cli, past: Path, tmp_path: Path, how: str) -> None:
    source = past.as_uri() if how == "git URL" else past
    name = f"{past.name[:30]}-{how.split()[0]}"
    done = pampax("index", source, "--name", name, *(["--upload"] if how == "upload" else []))
    assert done.code == 0, done.err
    drawn = tmp_path / "together.svg"
    told = pampax("graph", "cochange", "price.py", "-r", name, "--svg", drawn)
    assert told.out.startswith("price.py\n  -> changes with  basket.py  0.40, changed together in 2 of 3 commits\n")
    assert "inferred" not in told.out  # it is counted
    assert "changes_with: changed together in 2 of 3 commits" in drawn.read_text()
    answer = pampax("graph", "cochange", "price", "-r", name, "--json").json
    (edge,) = answer["edges"]
    assert [answer["nodes"][edge[end]]["path"] for end in ("source", "target")] == ["price.py", "basket.py"]
    assert (edge["relation"], edge["certainty"], edge["confidence"], edge["count"]) == (
        "changes_with", "inferred", 0.4, 2,
    )  # fmt: skip
    assert pampax("graph", "cochange", "price.py", "-d", "2", "-q", "-r", name).out.split() == ["price.py", "basket.py"]
    assert pampax("graph", "impact", "price.py", "-r", name, "--json").json["edges"] == []
    nothing = pampax("graph", "cochange", "alone.py", "-r", name)
    assert (nothing.code, "nothing found" in nothing.out) == (0, True)
    assert f"none of the last 3 commits of {name} at main changed it" in nothing.out


def test_a_folder_without_history_says_so_and_a_file_that_is_not_there_is_refused(pampax: Cli, folder: Path) -> None:
    (folder / "a.py").write_text("x = 1\n")
    name = pampax("index", folder).events[-1]["repository"]
    told = pampax("graph", "cochange", "a.py", "-r", name)
    assert told.code == 0
    assert "has no history to tell what changes together: its source is no git repository" in told.out
    missing = pampax("graph", "cochange", "src/b.py", "-r", name)
    assert (missing.code, "no indexed file 'src/b.py'" in missing.err) == (2, True)
