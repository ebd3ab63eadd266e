"""A file that is missed: the stage at which it fell out, and what it lacks."""

import pytest

from pampax.search.request import Mode, SearchRequest
from pampax.search.why_not import Stage

FILES = {
    "src/pool.py": 'class ConnectionPool:\n    """Reuses idle connections."""\n\n    def acquire(self):\n        ...\n',
    "src/retry.go": "package src\n\n// RetryWithBackoff waits.\nfunc RetryWithBackoff() error {\n\treturn nil\n}\n",
    "lib/table.c": "int xyzzy[] = {\n    0x1, 0x2,\n};\n",
}


@pytest.fixture(scope="module")
def demo(new_repository):
    made = new_repository("missed", {**FILES, **{f"other/part{n}.py": f"POOL_{n} = 'connection'\n" for n in range(12)}})
    assert made.index() == "succeeded"
    return made


@pytest.fixture
def missed(service, demo):
    async def ask(path, query="idle connection pool", **narrowed):
        answer = await service.search(demo.caller, SearchRequest(query=query, why_not=path, **narrowed))
        ((snapshot, told),) = answer.why_not
        assert (snapshot.repository, told.path) == ("missed", path)
        return told

    return ask


async def test_a_result_is_told_with_its_place(missed):
    told = await missed("src/pool.py")
    assert (told.stage, told.rank) == (Stage.SHOWN, 1)
    assert sum(part.score for part in told.evidence) == pytest.approx(told.score)


@pytest.mark.parametrize(
    ("path", "advice"),
    [("pool.py", "did you mean src/pool.py?"), ("src/pol.py", "did you mean src/pool.py?"), ("a/zzzz", "index --plan")],
)
async def test_a_path_that_is_not_indexed_is_told_with_what_may_be_meant(missed, path, advice):
    told = await missed(path)
    assert told.stage is Stage.NOT_INDEXED
    assert advice in told.detail


@pytest.mark.parametrize(
    ("narrowed", "named"),
    [
        ({"languages": frozenset({"go"})}, "the languages go"),
        ({"path_glob": "lib/**"}, "paths like 'lib/**'"),
        ({"path_globs": ("lib/**", "web/")}, "paths like 'lib/**' or 'web/'"),
        ({"kinds": frozenset({"variable"})}, "the kinds variable"),
    ],
)
async def test_what_a_filter_keeps_out_is_told_with_the_filter(missed, narrowed, named):
    told = await missed("src/pool.py", **narrowed)
    assert told.stage is Stage.FILTERED
    assert named in told.detail


async def test_a_mode_that_looks_at_definitions_is_a_filter_too(missed):
    told = await missed("other/part1.py", "connection", mode=Mode.SYMBOL)
    assert told.stage in (Stage.FILTERED, Stage.NO_EVIDENCE)


async def test_a_file_that_nothing_speaks_for_is_told_so(missed):
    told = await missed("lib/table.c", "RetryWithBackoff", mode=Mode.LEXICAL)
    assert told.stage is Stage.NO_EVIDENCE
    assert not told.evidence


async def test_a_file_further_down_is_told_with_its_place_and_what_it_lacks(missed):
    told = await missed("other/part7.py", limit=1)
    assert told.stage is Stage.OUTRANKED
    assert told.rank > 1
    assert "beside the first result it lacks" in told.detail
    assert sum(part.score for part in told.evidence) == pytest.approx(told.score)


async def test_of_several_repositories_those_that_have_the_file_are_told(service, new_repository):
    one = new_repository("one", FILES)
    other = new_repository("other", {"a.py": "x = 1\n"}, beside=one)
    assert (one.index(), other.index()) == ("succeeded", "succeeded")

    async def told(path):
        answer = await service.search(one.caller, SearchRequest(query="pool", why_not=path))
        return [(snapshot.repository, each.stage) for snapshot, each in answer.why_not]

    assert await told("src/pool.py") == [("one", Stage.SHOWN)]
    assert sorted(await told("nowhere.py")) == [("one", Stage.NOT_INDEXED), ("other", Stage.NOT_INDEXED)]


async def test_asking_changes_no_answer_and_no_page(service, demo):
    plain = await service.search(demo.caller, SearchRequest(query="connection", limit=2))
    asked = SearchRequest(query="connection", limit=2, why_not="src/pool.py", page_token=plain.next_page_token)
    assert plain.why_not == ()
    assert len((await service.search(demo.caller, asked)).results) == 2
