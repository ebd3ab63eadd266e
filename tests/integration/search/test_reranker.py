"""A larger model orders the best results of a sentence anew, by the real service and ONNX Runtime."""

from __future__ import annotations

import pytest

from pampax.embedding.sentences import SentenceModel
from pampax.embedding.static import load_default
from pampax.search import reranking
from pampax.search.gather import Sources
from pampax.search.request import Mode, SearchRequest
from pampax.search.service import SearchService

from ...tiny_encoder import NAME, write_encoder  # noqa: TID252 - tests are no package

QUESTION = "how to delete a file"
FILES = {
    "store/colours.py": "def to_delete_colour(file):\n    return paint(colour, colour, colour)\n",
    "store/gone.py": "def gone(path):\n    unlink(path) or remove(path)\n",
} | {f"more/part{number}.py": f"def part_{number}(file):\n    return delete_{number}(file)\n" for number in range(40)}


@pytest.fixture(scope="module")
def store(new_repository):
    made = new_repository("store", FILES)
    assert made.index() == "succeeded"
    return made


@pytest.fixture(scope="module")
def quality(database, tmp_path_factory) -> SearchService:
    model = SentenceModel(write_encoder(tmp_path_factory.mktemp("models")))
    return SearchService(Sources(database, load_default(), model))


def asking(reranker: str = NAME, **narrowed) -> SearchRequest:
    return SearchRequest(**{"query": QUESTION, "explain": True, "limit": 40, "reranker": reranker, **narrowed})


async def test_what_the_model_finds_similar_goes_up_by_what_its_evidence_says(quality, store):
    plain = await quality.search(store.caller, asking(""))
    anew = await quality.search(store.caller, asking())
    assert (plain.reranker, anew.reranker, anew.degraded) == ("", NAME, ())
    before, after = ([result.path for result in answer.results] for answer in (plain, anew))
    assert after != before
    assert sorted(after) == sorted(before)
    assert [result.score for result in anew.results] == sorted((r.score for r in anew.results), reverse=True)
    found = {result.path: [part.source for part in result.evidence] for result in anew.results}
    assert (
        sum("reranker" in sources for sources in found.values()) == reranking.MOST_READ - 1
    )  # the least gains nothing
    for result in (*plain.results, *anew.results):
        assert sum(part.score for part in result.evidence) == pytest.approx(result.score, abs=1e-5)


async def test_the_same_question_has_the_same_order_and_its_pages_fit_together(quality, store):
    whole = await quality.search(store.caller, asking())
    again = await quality.search(store.caller, asking())
    assert [(r.id, r.score) for r in again.results] == [(r.id, r.score) for r in whole.results]
    paged, token = [], ""
    while len(paged) < len(whole.results):
        page = await quality.search(store.caller, asking(limit=7, page_token=token))
        paged += [result.id for result in page.results]
        token = page.next_page_token
        if not token:
            break
    assert paged[: len(whole.results)] == [result.id for result in whole.results]


async def test_a_model_that_is_not_here_is_named_and_the_others_answer(quality, service, store):
    plain = await quality.search(store.caller, asking(""))
    for one, name in ((service, NAME), (quality, "tiny@2")):
        answer = await one.search(store.caller, asking(name))
        assert (answer.degraded, answer.reranker, answer.next_page_token) == (("reranker",), "", "")
        assert [(r.id, r.score) for r in answer.results] == [(r.id, r.score) for r in plain.results]


async def test_repositories_that_are_searched_together_share_what_is_read(quality, new_repository):
    first = new_repository("first", FILES)
    assert first.index() == "succeeded"
    read = reranking.MOST_READ // 2
    second = new_repository("second", FILES, beside=first)
    assert second.index() == "succeeded"
    answer = await quality.search(first.caller, asking(limit=100))
    assert (answer.reranker, answer.degraded) == (NAME, ())
    for name in ("first", "second"):
        found = [result for result in answer.results if result.snapshot.repository == name]
        assert sum(any(part.source == "reranker" for part in each.evidence) for each in found) == read - 1
    for number in range(reranking.MOST_READ // reranking.LEAST_READ - 1):
        assert new_repository(f"more-{number}", FILES, beside=first).index() == "succeeded"
    many = await quality.search(first.caller, asking())
    assert (many.reranker, many.degraded) == ("", ())


async def test_reading_ends_in_time_for_the_whole_search(quality, store, monkeypatch):
    monkeypatch.setattr(reranking, "ENDS_AFTER_S", 0.0)
    late = await quality.search(store.caller, asking(query="which path is unlinked at last"))
    assert (late.degraded, late.reranker) == (("reranker",), "")


async def test_a_model_that_is_late_is_left_out_whole(quality, store, monkeypatch):
    monkeypatch.setattr(reranking, "TIMEOUT_S", -1.0)
    asked = asking(query="where is a path that nobody asked for removed")
    late = await quality.search(store.caller, asked)
    assert (late.degraded, late.reranker) == (("reranker",), "")
    assert all(part.source != "reranker" for result in late.results for part in result.evidence)
    monkeypatch.undo()
    assert (await quality.search(store.caller, asked)).degraded == ()


@pytest.mark.parametrize(
    "narrowed",
    [
        {"query": "delete"},
        {"mode": Mode.LEXICAL},
        {"mode": Mode.SYMBOL},
        {"mode": Mode.LITERAL, "query": "part_1(file)"},
    ],
)
async def test_names_words_alone_and_patterns_are_not_for_it(quality, store, narrowed):
    answer = await quality.search(store.caller, asking(**narrowed))
    assert (answer.degraded, answer.reranker) == ((), "")


async def test_why_not_counts_its_points(quality, store):
    answer = await quality.search(store.caller, asking(limit=1, why_not="store/gone.py"))
    ((_, told),) = answer.why_not
    assert sum(part.score for part in told.evidence) == pytest.approx(told.score, abs=1e-5)
