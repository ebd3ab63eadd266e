"""Clones of git repositories on a worker's disk: they go when their repository goes."""

import asyncio
import fcntl
from pathlib import Path
from uuid import UUID

from .conftest import NewBench, NewProcesses
from .test_interruptions import wait_until
from .trees import git, modules, write


def origin_at(folder: Path) -> str:
    write(folder, {"a.py": "x = 1\n"})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return f"file://{folder}"


def mirrors_in(folder: Path) -> list[Path]:
    """One per repository: mirrors/{tenant}/{repository}, with its lock file and unfinished clones beside it."""
    return sorted(path for path in folder.glob("mirrors/*/*") if not path.name.startswith("."))


async def test_a_deleted_repository_leaves_no_clone_behind(new_processes: NewProcesses, tmp_path: Path) -> None:
    async with new_processes() as processes:
        cache = Path(processes.environment["PAMPAX_INDEXING__CACHE_DIR"])
        processes.start()
        worker = processes.start("worker")
        one, other = await processes.client(), await processes.client()
        url = origin_at(tmp_path / "origin")
        for client, name in ((one, "demo"), (one, "kept"), (other, "demo")):
            await client.create(name, git_url=url)
            await client.indexed(name)
        assert len(mirrors_in(cache)) == 3
        await one.delete("demo")
        await other.indexed("demo")  # a worker looks after each operation, whoever asked for it
        await asyncio.to_thread(wait_until, lambda: len(mirrors_in(cache)) == 2)
        assert await asyncio.to_thread(processes.end, worker) == 0
        await one.delete("kept")
        processes.start("worker", name="second")
        await asyncio.to_thread(wait_until, lambda: len(mirrors_in(cache)) == 1)
        (left,) = mirrors_in(cache)
        assert UUID(left.parent.name) == other.caller.tenant_id
        assert (await other.indexed("demo")).changed is False


def test_only_clones_without_a_repository_are_removed(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(1)))
    mirrors = tmp_path / "mirrors"
    tenant = mirrors / str(bench.tenant_id)
    gone, used = "999999999", "999999998"
    for path in (
        tenant / str(bench.repository_id), tenant / gone, tenant / f".{gone}.abc", tenant / used,
        tenant / "notes", mirrors / "notes" / gone,
    ):  # fmt: skip
        path.mkdir(parents=True)
    (tenant / f".{gone}.lock").touch()
    with (tenant / f".{used}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bench.runner.remove_forgotten_mirrors()
    kept = {str(bench.repository_id), used, f".{used}.lock", "notes"}
    assert {path.name for path in tenant.iterdir()} == kept
    assert (mirrors / "notes" / gone).is_dir()
    bench.runner.remove_forgotten_mirrors()
    assert {path.name for path in tenant.iterdir()} == {str(bench.repository_id), "notes"}


def test_a_clone_that_was_broken_off_goes_with_its_repository(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(1)))
    tenant = tmp_path / "mirrors" / str(bench.tenant_id)
    (tenant / ".999999999.abc").mkdir(parents=True)
    bench.index()
    assert list(tenant.iterdir()) == []
