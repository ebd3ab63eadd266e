"""Indexing folders and git URLs through the command, in place and by upload."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

from .conftest import Cli, commit, git

PLACES = ("path", "other_paths", "start_line", "end_line", "language", "kind", "symbol", "score", "content", "evidence")


def search(pampax: Cli, repository: str, query: str) -> list[dict[str, Any]]:
    results = pampax("search", query, "-r", repository, "--explain", "--json").json["results"]
    return [{name: result[name] for name in PLACES} for result in results]


def test_progress_in_a_pipe_is_json_and_ends_with_what_was_published(pampax: Cli, shop: Path) -> None:
    events = pampax("index", shop, "--full").events
    done = events.pop()
    assert {event["event"] for event in events} <= {"progress"}
    assert all(list(event)[:4] == ["event", "stage", "done", "total"] for event in events)
    assert {key for event in events for key in list(event)[4:]} <= {"rate", "remaining_s"}
    assert done["event"] == "done"
    assert (done["repository"], done["ref"], done["files"]) == ("shop", "main", 6)
    assert done["skipped"] == {"binary": 1}
    assert done["commit"] == git(shop, "rev-parse", "HEAD").strip()


def test_indexing_again_changes_nothing(pampax: Cli, shop: Path) -> None:
    before = pampax("index", shop).events[-1]
    after = pampax("index", shop).events[-1]
    assert (after["new_blobs"], after["changed"], after["generation"]) == (0, False, before["generation"])


def test_an_edit_is_found_at_once(pampax: Cli, folder: Path) -> None:
    (folder / "a.py").write_text("def first_thing():\n    return 1\n")
    name = pampax("index", folder).events[-1]["repository"]
    (folder / "b.py").write_text("def zebra_crossing():\n    return 2\n")
    after = pampax("index", folder).events[-1]
    assert (after["generation"], after["files"], after["new_blobs"], after["changed"]) == (2, 2, 1, True)
    assert search(pampax, name, "zebra_crossing")[0]["path"] == "b.py"
    (folder / "b.py").unlink()
    assert pampax("index", folder).events[-1]["files"] == 1
    assert [result["path"] for result in search(pampax, name, "zebra_crossing")] in ([], ["a.py"])


def test_an_upload_answers_like_the_folder_it_came_from(pampax: Cli, shop: Path) -> None:
    done = pampax("index", shop, "--upload", "--name", "shop-uploaded").events[-1]
    in_place = pampax("index", shop).events[-1]
    for same in ("ref", "commit", "dirty", "files", "chunks", "skipped"):
        assert done[same] == in_place[same], same
    for query in ("how are payments retried?", "Basket", "shop/basket.py"):
        assert search(pampax, "shop-uploaded", query) == search(pampax, "shop", query)
    bundles = [pampax("assemble", "retry payments", "-r", name, "--json").json for name in ("shop", "shop-uploaded")]
    shown = [[(item["path"], item["rendering"], item["content"]) for item in bundle["items"]] for bundle in bundles]
    assert shown[0] == shown[1]


def test_a_second_upload_sends_only_what_is_new(pampax: Cli, folder: Path) -> None:
    for number in range(20):
        (folder / f"f{number}.py").write_text(f"def function_{number}():\n    return {number}\n")
    assert _sent(pampax, folder) == 20
    (folder / "f3.py").write_text("def changed():\n    return 3\n")
    assert _sent(pampax, folder) == 1
    assert _sent(pampax, folder) == 0


def test_a_git_url_is_indexed_at_the_ref_that_is_asked_for(pampax: Cli, shop: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(shop, clone)
    git(clone, "checkout", "--quiet", "-b", "feature")
    (clone / "quokka.py").write_text("def quokka():\n    return 'smiles'\n")
    head = commit(clone)
    url = f"file://{clone}"
    assert pampax("index", url, "--name", "cloned", "--ref", "main").events[-1]["ref"] == "main"
    assert pampax("index", url, "--name", "cloned", "--ref", "feature").events[-1]["commit"] == head
    assert search(pampax, "cloned", "quokka")[0]["path"] == "quokka.py"
    on_main = pampax("search", "quokka", "-r", "cloned", "--ref", "main", "--json").json
    assert "quokka.py" not in [result["path"] for result in on_main["results"]]
    refs = pampax("status", "cloned", "--json").json["refs"]
    assert [status["ref"] for status in refs] == ["feature", "main"]


def test_odd_names_are_indexed_found_and_shown_on_one_line(pampax: Cli, folder: Path) -> None:
    names = ["with space.py", "quo'te \".py", "new\nline.py", "日本語.py", "esc\x1b[31m.py", "-dash.py", "été/ü.py"]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"def platypus_{number}():\n    '''platypus'''\n")
    done = pampax("index", folder).events[-1]
    assert done["files"] == len(names)
    assert sorted(result["path"] for result in search(pampax, done["repository"], "platypus")) == sorted(names)
    places = pampax("search", "platypus", "-r", done["repository"], "--quiet").out
    assert len(places.splitlines()) == len(names)
    assert "\x1b" not in places
    assert pampax("assemble", "platypus", "-r", done["repository"]).code == 0


def test_a_link_out_of_the_tree_is_not_followed(pampax: Cli, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.py").write_text("WOMBAT_SECRET = 1\n")
    (folder / "a.py").write_text("x = 1\n")
    (folder / "file.py").symlink_to(secret / "key.py")
    (folder / "dir").symlink_to(secret)
    for arguments in ((), ("--upload", "--name", f"{folder.name}-up")):
        done = pampax("index", folder, *arguments).events[-1]
        assert (done["files"], done["skipped"]) == (1, {"symlink": 2})
        assert all("WOMBAT" not in hit["content"] for hit in search(pampax, done["repository"], "WOMBAT_SECRET"))


def test_a_folder_without_files_is_refused_and_nothing_is_made(pampax: Cli, folder: Path) -> None:
    assert pampax("index", folder).code == 2
    (folder / "blank.py").write_text("   \n")
    for arguments in ((), ("--upload",)):
        done = pampax("index", folder, *arguments)
        assert done.code == 2
        assert "holds no files to index" in done.err
    assert folder.name not in pampax("repos", "list", "--quiet").out.split()


def test_a_first_indexing_that_fails_leaves_no_repository(pampax: Cli, shop: Path, tmp_path: Path) -> None:
    for url, arguments in (((tmp_path / "nosuch.git").as_uri(), ()), (shop.as_uri(), ("--ref", "no-such-branch"))):
        done = pampax("index", url, "--name", "stillborn", *arguments)
        assert (done.code, done.err.count("\n")) == (2, 1), done.err
        assert done.err.endswith("(the new repository stillborn is deleted again)\n")
        assert pampax("status", "stillborn").code == 2


def test_a_folder_that_is_not_there_is_a_local_error(pampax: Cli) -> None:
    done = pampax("index", "/nowhere/at/all")
    assert (done.code, done.err) == (3, "pampax: no such folder: /nowhere/at/all; check the path\n")


def test_a_name_that_stands_for_another_source_is_refused(pampax: Cli, shop: Path, folder: Path) -> None:
    (folder / "a.py").write_text("x = 1\n")
    done = pampax("index", folder, "--name", "shop")
    assert done.code == 2
    assert f"comes from {shop}; choose another name with --name" in done.err
    assert pampax("index", folder, "--name", "Not Valid").code == 2


def test_patterns_choose_files_and_are_kept(pampax: Cli, folder: Path) -> None:
    for name in ("a.py", "b.go", "c_test.go"):
        (folder / name).write_text("hello = 1\n")
    name = folder.name
    assert pampax("index", folder, "--include", "*.go", "--exclude", "*_test.go").events[-1]["files"] == 1
    assert pampax("index", folder).events[-1]["files"] == 1
    done = pampax("index", folder, "--include", "*.py")
    assert done.code == 2
    assert f"repository '{name}' was created with --include *.go" in done.err


def test_without_waiting_the_operation_is_named_and_goes_on(pampax: Cli, shop: Path) -> None:
    (started,) = pampax("index", shop, "--no-wait").events
    assert list(started) == ["event", "repository", "operation"]
    assert pampax("status", "shop", "--json").json["name"] == "shop"


def test_an_interrupt_leaves_the_indexing_to_itself(pampax: Cli, folder: Path) -> None:
    for number in range(200):
        (folder / f"f{number}.py").write_text(f"def function_{number}():\n    return {number}\n")
    running = pampax.start("index", folder)
    assert running.stdout is not None
    assert json.loads(running.stdout.readline())["event"] == "progress"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (
        130, f"pampax: indexing goes on; `pampax status {folder.name}` shows how far it is\n"
    )  # fmt: skip
    assert pampax("index", folder).events[-1]["files"] == 200


def test_a_repository_is_listed_shown_and_deleted(pampax: Cli, folder: Path) -> None:
    (folder / "a.py").write_text("x = 1\n")
    name = pampax("index", folder).events[-1]["repository"]
    assert name in pampax("repos", "--quiet").out.split()
    assert pampax("repos", "show", name, "--json").json["source"] == {"path": str(folder)}
    assert pampax("repos", "delete", name).code == 2
    assert pampax("repos", "delete", name, "--yes", "--json").json == {"deleted": name}
    assert name not in pampax("repos", "--quiet").out.split()
    assert pampax("repos", "show", name).code == 2


def _sent(pampax: Cli, folder: Path) -> int:
    done = pampax("index", folder, "--upload")
    assert done.code == 0, done.err
    steps = [json.loads(line) for line in done.out.splitlines()]
    return max((step["total"] for step in steps if step.get("stage") == "uploading"), default=0)
