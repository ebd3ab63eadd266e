"""Plans through the command: for what is new, known and uploaded, here and by URL."""

from pathlib import Path
from typing import Any

from .conftest import Cli, commit, git


def plan_and_run(pampax: Cli, *arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan and the run that followed, of which it must be true."""
    plan = pampax("index", *arguments, "--plan", "--json").json
    done = pampax("index", *arguments).events[-1]
    for same in ("repository", "ref", "commit", "dirty", "files", "chunks", "new_blobs", "skipped"):
        assert plan[same] == done[same], same
    assert plan["files"] == plan["kept_files"] + plan["new_files"]
    return plan, done


def names(pampax: Cli) -> list[str]:
    return [each["name"] for each in pampax("repos", "list", "--json").json["repositories"]]


def test_a_plan_is_what_the_run_does_and_creates_nothing(pampax: Cli, folder: Path) -> None:
    for number in range(12):
        (folder / f"f{number}.py").write_text(f"def function_{number}():\n    return {number}\n")
    (folder / ".pampaxignore").write_text("*.tmp\n")
    (folder / "a.tmp").write_text("x\n")
    before = names(pampax)
    told = pampax("index", folder, "--plan").out
    assert "13 files: 13 to index, 0 known already; 1 skipped" in told
    assert names(pampax) == before
    plan_and_run(pampax, folder)
    (folder / "f3.py").write_text("def changed():\n    return 3\n")
    plan, _ = plan_and_run(pampax, folder)
    assert (plan["kept_files"], plan["new_paths"]) == (12, ["f3.py"])


def test_a_plan_of_an_upload_knows_what_the_system_has(pampax: Cli, shop: Path) -> None:
    options = (shop, "--upload", "--name", "shop-planned")
    first, _ = plan_and_run(pampax, *options)
    assert first["kept_files"] == 0
    again, _ = plan_and_run(pampax, *options)
    assert (again["new_files"], again["kept_files"], again["chunks"]) == (0, first["files"], first["chunks"])
    full = pampax("index", *options, "--plan", "--full", "--json").json
    assert (full["kept_files"], full["new_chunks"]) == (0, first["chunks"])


def test_a_plan_of_a_git_url_is_made_here_before_and_there_after_the_first_run(pampax: Cli, shop: Path) -> None:
    url = f"file://{shop}"
    first, _ = plan_and_run(pampax, url, "--name", "planned-url")
    assert first["commit"] == git(shop, "rev-parse", "HEAD").strip()
    again, _ = plan_and_run(pampax, url, "--name", "planned-url")
    assert (again["new_files"], again["kept_files"]) == (0, first["files"])


def test_status_tells_how_a_repository_stands_to_its_source(pampax: Cli, tmp_path: Path) -> None:
    root = tmp_path / "moving"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / "a.py").write_text("x = 1\n")
    commit(root)
    pampax("index", root)
    assert pampax("status", "moving", "--json").json["freshness"]["state"] == "current"
    (root / "a.py").write_text("x = 2\n")
    head = commit(root)
    told = pampax("status", "moving", "--json").json["freshness"]
    assert (told["state"], told["behind"], told["source_commit"], told["detail"]) == ("behind", 1, head, "")
    assert told["checked_at"]
    shown = pampax("status", "moving").out
    assert f"behind by 1 commit (the source is at {head[:10]})" in shown
