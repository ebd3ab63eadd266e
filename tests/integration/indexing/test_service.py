"""Repositories and operations over the wire, with a Celery worker behind them."""

from pathlib import Path


def _folder(root: Path, **files: str) -> Path:
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        (root / name.replace("__", ".")).write_text(text)
    return root


async def test_a_folder_is_indexed_by_a_worker(client, tmp_path) -> None:
    folder = _folder(tmp_path / "r", a__py="def one():\n    return 1\n", b__py="def two():\n    return 2\n")
    created = await client.create("demo", path=str(folder))
    assert created.name == "repositories/demo"
    assert created.default_ref == ""
    response = await client.indexed("demo")
    assert (response.new_blobs, response.changed, response.status.files) == (2, True, 2)
    found = await client.get("demo")
    assert found.default_ref == "worktree"
    assert [ref.generation for ref in found.refs] == [1]
