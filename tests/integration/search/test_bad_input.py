"""Nothing that a caller can write breaks a search: it is answered, or refused with the field that is wrong."""

import pytest

from pampax.core.errors import FailedPrecondition, InvalidRequest, NotFound
from pampax.search.request import MAX_LIMIT, Mode, SearchRequest


@pytest.fixture(scope="module")
def odd(new_repository):
    made = new_repository("odd", {"pool.py": "class Pool:\n    pass\n", "größe.py": "def größe_prüfen():\n    pass\n"})
    assert made.index() == "succeeded"
    return made


NO_EXPRESSIONS = (
    "a.*(b|c)+$ [^",
    "%s %(x)s {table} $1 \\",
    "((" * 4_000,
    # Longer than an expression may be.
    "x" * 8_192,
    " ".join(["pool"] * 1_600),
    " ".join(f"word{number}" for number in range(800)),
)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    "query",
    [
        "the of and",
        "🦜",
        "пул соединений",
        "接続プール",
        "تجمع الاتصالات",
        "'; DROP TABLE chunk; --",
        "po\0ol",
        "\u200b\ufeff",
        *NO_EXPRESSIONS,
    ],
)
async def test_odd_questions_get_an_answer_and_odd_expressions_a_reason(service, odd, query, mode):
    request = SearchRequest(query=query, mode=mode)
    if mode is Mode.REGEX and query in NO_EXPRESSIONS:
        with pytest.raises(InvalidRequest):
            await service.search(odd.caller, request)
        return
    assert (await service.search(odd.caller, request)).degraded == ()


async def test_words_of_other_languages_find_what_is_written_in_them(service, odd):
    answer = await service.search(odd.caller, SearchRequest(query="Größe prüfen"))
    assert answer.results[0].path == "größe.py"


@pytest.mark.parametrize("glob", ["[!]", "[]", "[^]", "a[", "[!", "\\", "[[:alpha:]]"])
async def test_half_a_glob_is_taken_as_it_stands(service, odd, glob):
    assert (await service.search(odd.caller, SearchRequest(query="pool", path_glob=glob))).results == ()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"query": "é" * 4_097}, "query"),
        ({"query": "\n\t "}, "query"),
        ({"limit": 0}, "limit"),
        ({"limit": MAX_LIMIT + 1}, "limit"),
        ({"languages": frozenset({"klingon"})}, "languages"),
        ({"languages": frozenset({"x" * 100_000})}, "languages"),
        ({"kinds": frozenset({"klass"})}, "kinds"),
        ({"path_glob": "!"}, "path_glob"),
        ({"path_glob": "a" * 501}, "path_glob"),
        ({"path_globs": ("src/", "!")}, "path_globs[1]"),
        ({"path_globs": ("a/",) * 17}, "path_globs"),
        ({"repositories": ("a\0b",)}, "repositories"),
        ({"ref": "a\0b"}, "ref"),
        ({"page_token": "AAAA"}, "page_token"),
    ],
)
async def test_a_wrong_field_is_refused_by_name(service, odd, wrong, field):
    with pytest.raises(InvalidRequest) as refused:
        await service.search(odd.caller, SearchRequest(**{"query": "pool", **wrong}))
    assert set(refused.value.fields) == {field}
    assert len(str(refused.value)) < 1_000


async def test_a_language_that_is_meant_is_named(service, odd):
    with pytest.raises(InvalidRequest, match="'js' is not known; did you mean 'javascript'"):
        await service.search(odd.caller, SearchRequest(query="pool", languages=frozenset({"js"})))


async def test_a_glob_with_a_nul_matches_nothing(service, odd):
    answer = await service.search(odd.caller, SearchRequest(query="pool", path_glob="a\0*"))
    assert answer.results == ()


async def test_the_greatest_limit_is_answered(service, odd):
    assert (await service.search(odd.caller, SearchRequest(query="pool", limit=MAX_LIMIT))).results


async def test_a_page_token_of_an_older_generation_is_stale(service, new_repository):
    made = new_repository("moving", {f"{name}.py": f"def pool_{name}():\n    pass\n" for name in "abc"})
    made.index()
    first = await service.search(made.caller, SearchRequest(query="pool", limit=1))
    made.write({"d.py": "def pool_d():\n    pass\n"})
    made.index()
    with pytest.raises(FailedPrecondition) as refused:
        await service.search(made.caller, SearchRequest(query="pool", limit=1, page_token=first.next_page_token))
    assert refused.value.reason == "STALE_PAGE_TOKEN"


async def test_reading_a_file_refuses_names_that_cannot_be(service, odd):
    with pytest.raises(InvalidRequest) as refused:
        await service.read_file(odd.caller, "o\0dd", "pool.py", "main\0", 0, 0)
    assert set(refused.value.fields) == {"repositories", "ref"}
    with pytest.raises(NotFound):
        await service.read_file(odd.caller, "odd", "pool\0.py", None, 0, 0)
    with pytest.raises(NotFound):
        await service.read_file(odd.caller, "odd", "pool.py", None, 2**31 - 1, -5)
