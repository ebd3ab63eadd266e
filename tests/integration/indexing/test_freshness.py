"""What is published, held against its source: folders in and outside git, and git URLs."""

from pathlib import Path
from typing import Any

import pytest

from pampax.core.errors import NotFound
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Client
from .trees import git, write


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    root = write(tmp_path / "origin", {"a.py": "x = 1\n", "pkg/b.py": "y = 1\n"})
    git(root, "init", "-q", "-b", "main")
    _commit(root)
    return root


def _commit(root: Path, **files: str) -> str:
    write(root, {f"{name}.py": content for name, content in files.items()})
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "more", "--allow-empty")
    return git(root, "rev-parse", "HEAD")


async def _fresh(client: Client, name: str = "demo", **request: Any) -> pb.Freshness:
    asked = pb.GetFreshnessRequest(name=f"repositories/{name}", **request)
    found: pb.Freshness = await client.ask(client.stub.GetFreshness, asked)
    assert found.check_time.seconds
    return found


async def _state(client: Client, **request: Any) -> tuple[str, int, str]:
    found = await _fresh(client, **request)
    return found.state, found.behind, found.source_commit


async def test_a_git_url_is_current_then_behind_then_diverged(client: Client, origin: Path) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    assert (await _fresh(client)).detail == "nothing is published yet: index it first"
    published = (await client.indexed("demo")).status
    found = await _fresh(client)
    assert (found.state, found.ref, found.commit, found.source_commit) == (
        "current", "main", published.commit, published.commit,
    )  # fmt: skip
    _commit(origin, c="z = 1\n")
    head = _commit(origin, d="z = 2\n")
    assert await _state(client) == ("behind", 2, head)
    await client.indexed("demo")
    assert await _state(client) == ("current", 0, head)
    git(origin, "reset", "-q", "--hard", "HEAD~1")
    rewritten = _commit(origin, d="z = 3\n")
    assert await _state(client) == ("diverged", 0, rewritten)


async def test_tags_and_commit_ids_are_compared_as_well(client: Client, origin: Path) -> None:
    git(origin, "tag", "-a", "v1", "-m", "one")
    commit = git(origin, "rev-parse", "HEAD")
    await client.create("demo", git_url=f"file://{origin}")
    for ref in ("v1", commit):
        await client.indexed("demo", ref=ref)
        assert await _state(client, ref=ref) == ("current", 0, commit)
    git(origin, "tag", "-d", "v1")
    gone = await _fresh(client, ref="v1")
    assert (gone.state, "any more" in gone.detail) == ("unknown", True)
    assert (await _fresh(client, ref="other")).detail.startswith("nothing is published of 'other'")


async def test_a_source_that_is_away_makes_it_unknown_with_the_reason(client: Client, origin: Path) -> None:
    await client.create("url", git_url=f"file://{origin}")
    await client.create("folder", path=str(origin))
    for name in ("url", "folder"):
        await client.indexed(name)
    _moved(origin)
    for name in ("url", "folder"):
        found = await _fresh(client, name)
        assert (found.state, bool(found.detail)) == ("unknown", True)
    with pytest.raises(NotFound):
        await _fresh(client, "nowhere")


def _moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


async def test_a_work_tree_is_compared_by_commit_and_by_what_has_none(client: Client, origin: Path) -> None:
    await client.create("demo", path=str(origin))
    await client.indexed("demo")
    head = git(origin, "rev-parse", "HEAD")
    assert await _state(client) == ("current", 0, head)
    write(origin, {"a.py": "x = 2\n"})
    assert await _state(client) == ("behind", 0, head)
    await client.indexed("demo")
    assert await _state(client) == ("current", 0, head)
    write(origin, {"a.py": "x = 3\n"})
    assert await _state(client) == ("behind", 0, head)
    git(origin, "checkout", "-q", "--", "a.py")
    assert await _state(client) == ("behind", 0, head)
    ahead = _commit(origin, c="z = 1\n")
    assert await _state(client) == ("behind", 1, ahead)
    git(origin, "checkout", "-q", "-b", "feature")
    _commit(origin, c="z = 2\n")
    assert await _state(client) == ("behind", 1, ahead)  # of main, which is what was indexed
    await client.indexed("demo")
    git(origin, "checkout", "-q", "main")
    assert (await _state(client, ref="feature"))[0] == "current"


async def test_a_folder_outside_git_is_compared_by_when_it_was_touched(client: Client, tmp_path: Path) -> None:
    root = write(tmp_path / "plain", {"a.py": "x = 1\n", "pkg/b.py": "y = 1\n"})
    await client.create("demo", path=str(root))
    await client.indexed("demo")
    assert await _state(client) == ("current", 0, "")
    write(root, {"a.py": "x = 2\n"})
    assert (await _fresh(client)).detail == "files have changed since it was indexed"
    await client.indexed("demo")
    (root / "pkg" / "b.py").unlink()
    assert (await _fresh(client)).detail == "files have come or gone since it was indexed"
    await client.indexed("demo")
    write(root, {"other/d.py": "d = 1\n"})
    await client.indexed("demo")
    _moved(root / "other")
    renamed = await _fresh(client)
    assert (renamed.state, "other names" in renamed.detail) == ("unknown", True)
    git(root, "init", "-q", "-b", "main")
    _commit(root)
    assert (await _fresh(client)).state in ("diverged", "unknown")


async def test_uploads_are_unknown_here(client: Client) -> None:
    await client.create("demo", upload=True)
    assert (await _fresh(client)).state == "unknown"
