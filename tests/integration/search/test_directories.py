"""Directories are read once, kept within bounds, and read again when their reading failed; a refresh changes them."""

import asyncio
from dataclasses import dataclass, field

import pytest

from pampax.core.errors import DeadlineExceeded
from pampax.embedding.static import load_default
from pampax.indexing.run.maintenance import remove_build
from pampax.indexing.run.postgres import Place
from pampax.search import directories as module
from pampax.search import kept, postgres
from pampax.search.directories import Directories
from pampax.search.gather import Sources
from pampax.search.request import SearchRequest
from pampax.search.service import SearchService


@pytest.fixture(scope="module")
def several(new_repository):
    first = new_repository("first", {"a.py": "a = 1\n", "b.py": "b = 2\n"})
    others = [new_repository(name, {f"{name}.py": f"{name} = 1\n"}, beside=first) for name in ("second", "third")]
    for made in (first, *others):
        assert made.index() == "succeeded"
    return first.caller


@pytest.fixture
async def snapshots(service, several):
    return (await service.search(several, SearchRequest(query="a"))).snapshots


@dataclass
class Counting:
    """The database, with the number of transactions that were begun."""

    database: object
    begun: list = field(default_factory=list)

    def tenant(self, tenant_id, **options):
        self.begun.append(options)
        return self.database.tenant(tenant_id, **options)


async def test_searches_that_wait_together_read_once(database, several, snapshots):
    counting = Counting(database)
    directories = Directories(counting)
    found = await asyncio.gather(*(directories.get(several.tenant_id, snapshots[0]) for _ in range(5)))
    assert len({id(each) for each in found}) == len(counting.begun) == 1


async def test_one_that_gives_up_does_not_take_the_others_along(database, several, snapshots):
    directories = Directories(database)
    first = asyncio.create_task(directories.get(several.tenant_id, snapshots[0]))
    second = asyncio.create_task(directories.get(several.tenant_id, snapshots[0]))
    await asyncio.sleep(0)
    first.cancel()
    assert len((await second).files) == 2


async def test_the_least_recently_used_leave_when_there_are_too_many_files(database, several, snapshots, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 3)
    directories = Directories(database)
    first, second, third = snapshots
    for snapshot in (first, second, first, third):  # 2 + 1 files, then one more than there is room for
        await directories.get(several.tenant_id, snapshot)
    assert directories.kept(second) is None
    assert directories.kept(first) is not None
    assert directories.kept(third) is not None


async def test_a_reading_that_failed_is_tried_again(database, several, snapshots, monkeypatch):
    directories = Directories(database)
    monkeypatch.setattr(kept, "READ_TIMEOUT_S", 0.0)
    with pytest.raises(DeadlineExceeded):
        await directories.get(several.tenant_id, snapshots[0])
    monkeypatch.undo()
    assert (await directories.get(several.tenant_id, snapshots[0])).files


async def test_warming_asks_once_and_leaves_a_service_that_answers(database, several):
    made = SearchService(Sources(database, load_default()))
    await made.warm()
    await made.warm()
    assert (await made.search(several, SearchRequest(query="a"))).results


@pytest.fixture
async def grown(database, new_repository, service):
    """A repository that was read, and then refreshed: it, the directories, and the snapshots before and after."""
    repository = new_repository("grown", {f"src/part_{number}.py": f"part = {number}\n" for number in range(20)})
    assert repository.index() == "succeeded"
    directories = Directories(database)
    (before,) = (await service.search(repository.caller, SearchRequest(query="part"))).snapshots
    await directories.get(repository.caller.tenant_id, before)
    repository.write({"src/part_3.py": "part = 33\n", "src/added.py": "added = 1\n"})
    (repository.folder / "src/part_8.py").unlink()
    assert repository.index() == "succeeded"
    (after,) = (await service.search(repository.caller, SearchRequest(query="part"))).snapshots
    return repository, directories, before, after


async def test_after_a_refresh_only_what_it_brought_is_read(database, grown, monkeypatch):
    repository, directories, before, after = grown
    monkeypatch.setattr(postgres, "_DIRECTORY", "SELECT 'nobody reads all files'")
    made = await directories.get(repository.caller.tenant_id, after)
    assert directories.kept(before) is not made
    monkeypatch.undo()
    anew = await Directories(database).get(repository.caller.tenant_id, after)
    assert made.files == anew.files
    assert [file.path for file in made.files] == sorted(
        ["src/added.py", *(f"src/part_{n}.py" for n in range(20) if n != 8)]
    )
    assert made.size_z.tolist() == anew.size_z.tolist()


async def test_ordinals_given_anew_are_not_taken_for_those_of_before(sync_database, service, grown):
    repository, directories, before, after = grown
    await directories.get(repository.caller.tenant_id, after)
    with sync_database.tenant(repository.caller.tenant_id) as conn:
        for table in ("ref", "snapshot"):
            conn.execute(f"DELETE FROM {table} WHERE repository_id = %s", [after.repository_id])
        remove_build(conn, Place(after.repository_id, after.build_id))
    for path in list((repository.folder / "src").iterdir()):
        path.unlink()
    others = [f"other/{number}.py" for number in range(9)]
    repository.write({path: f"other = {path!r}\n" for path in others})
    assert repository.index() == "succeeded"
    (anew,) = (await service.search(repository.caller, SearchRequest(query="other"))).snapshots
    assert anew.build_id == before.build_id
    made = await directories.get(repository.caller.tenant_id, anew)
    assert [file.path for file in made.files] == others
