"""Reading without a question: a chunk by its id, and what a repository is made of."""

from __future__ import annotations

import pytest

from pampax.core.errors import InvalidRequest, NotFound
from pampax.search.request import SearchRequest

POOL = "LIMIT = 3\n\n\nclass Pool:\n    def take(self):\n        return LIMIT\n\n\ndef _hidden():\n    pass\n"
FILES = {
    "pkg/pool.py": POOL,
    "pkg/copy.py": POOL,
    "pkg/small.py": "def one():\n    return 1\n",
    "tests/test_pool.py": "".join(f"def test_{n}():\n    assert {n}\n\n\n" for n in range(40)),
    "README.md": "# Pools\n\nOf connections.\n",
}


@pytest.fixture(scope="module")
def pools(new_repository):
    made = new_repository("pools", FILES)
    assert made.index() == "succeeded"
    return made


async def test_every_result_of_a_search_is_found_again_by_its_id(service, pools):
    results = (await service.search(pools.caller, SearchRequest(query="pool limit one test"))).results
    assert len(results) > 3
    for result in results:
        chunk = await service.browsing.chunk(pools.caller, result.id, (), None)
        assert (chunk.path, chunk.start_line, chunk.end_line) == (result.path, result.start_line, result.end_line)
        assert (chunk.content, chunk.symbol, chunk.kind) == (result.content, result.symbol, result.kind)
        assert chunk.other_paths == result.other_paths


async def test_content_at_two_paths_is_one_chunk_that_names_both(service, pools):
    result = (await service.search(pools.caller, SearchRequest(query="Pool"))).results[0]
    chunk = await service.browsing.chunk(pools.caller, result.id, ("pools",), None)
    assert (chunk.path, chunk.other_paths) == ("pkg/copy.py", ("pkg/pool.py",))


async def test_a_chunk_whose_lines_have_changed_is_not_found_any_more(service, new_repository):
    made = new_repository("moving", {"a.py": "def first():\n    pass\n"})
    assert made.index() == "succeeded"
    before = (await service.search(made.caller, SearchRequest(query="first"))).results[0].id
    made.write({"a.py": "def second():\n    return 2\n"})
    assert made.index() == "succeeded"
    with pytest.raises(NotFound, match="search again"):
        await service.browsing.chunk(made.caller, before, (), None)


async def test_a_chunk_of_another_tenant_is_not_found(service, pools, new_repository):
    other = new_repository("other", {"b.py": "def b():\n    pass\n"})
    assert other.index() == "succeeded"
    result = (await service.search(pools.caller, SearchRequest(query="Pool"))).results[0]
    with pytest.raises(NotFound):
        await service.browsing.chunk(other.caller, result.id, (), None)


@pytest.mark.parametrize("chunk", ["", "xyz", "0" * 23, "0" * 25, "G" * 24])
async def test_what_is_no_id_is_refused(service, pools, chunk):
    with pytest.raises(InvalidRequest, match="24 hex digits"):
        await service.browsing.chunk(pools.caller, chunk, (), None)


async def test_an_outline_counts_files_by_language_and_folder(service, pools):
    contents = (await service.browsing.outline(pools.caller, "pools", None, "", 0)).contents
    assert contents.files == len(FILES)
    assert contents.languages == (("python", 4), ("markdown", 1))
    assert contents.folders == (("", 1), ("pkg", 3), ("tests", 1))


async def test_definitions_that_say_the_most_come_first(service, pools):
    outline = await service.browsing.outline(pools.caller, "pools", None, "", 0)
    pool = next(file for file in outline.contents.main_files if file.path == "pkg/pool.py")
    names = [symbol.name for symbol in outline.symbols[pool.first_chunk]]
    assert names[:2] == ["Pool", "LIMIT"]
    assert set(names) == {"Pool", "LIMIT", "Pool.take", "_hidden"}


async def test_of_few_main_files_code_goes_before_tests_and_prose(service, pools):
    contents = (await service.browsing.outline(pools.caller, "pools", None, "", 3)).contents
    assert [file.path for file in contents.main_files] == ["pkg/copy.py", "pkg/pool.py", "pkg/small.py"]


async def test_an_outline_of_a_folder_tells_of_what_lies_below_it(service, pools):
    contents = (await service.browsing.outline(pools.caller, "pools", None, "pkg", 0)).contents
    assert {file.path for file in contents.main_files} == {"pkg/copy.py", "pkg/pool.py", "pkg/small.py"}
    with pytest.raises(NotFound, match="no indexed files below 'pk'"):
        await service.browsing.outline(pools.caller, "pools", None, "pk", 0)
