import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.search import features, weights
from pampax.search.evidence import DETAILS
from pampax.search.query import read_query
from pampax.search.ranking import Scores, rank_chunks

QUESTIONS = ["reuse idle connections", "ConnectionPool", "how is a failed call repeated", "send", "pool", "notes"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_evidence_adds_up_to_the_score(corpus, question):
    for result, evidence in corpus.explained(question):
        assert sum(part.score for part in evidence) == pytest.approx(result.score)
        assert all(part.detail == DETAILS[part.source] for part in evidence)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_rank_counts_those_to_which_the_source_gave_more(corpus, question):
    results = corpus.explained(question)
    ranks = {}
    for _, evidence in results:
        for part in evidence:
            ranks.setdefault(part.source, set()).add((-round(part.score, 9), part.rank))
    for source, found in ranks.items():
        if source in ("size", "kind_of_path", "place"):
            assert {rank for _, rank in found} == {0}
            continue
        ordered = sorted(found)
        assert all(rank >= 1 for _, rank in ordered)
        assert all(before[1] < after[1] for before, after in pairwise(ordered))


def test_the_best_of_a_source_has_rank_one(corpus):
    best, evidence = corpus.explained("ConnectionPool")[0]
    assert corpus.paths([best]) == ["src/pool.py"]
    assert {part.source: part.rank for part in evidence}["definition"] == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_never_rise_down_the_list(corpus, question):
    scores = [result.score for result in corpus.search(question)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", QUESTIONS)
@given(chance=st.randoms(use_true_random=False))
def test_the_order_in_which_evidence_arrives_changes_no_answer(corpus, question, chance):
    query = read_query(question)
    gathered = corpus.gather(query)
    words, definitions = list(gathered.words.items()), list(gathered.definitions)
    chance.shuffle(words)
    chance.shuffle(definitions)
    shuffled = replace(gathered, words=dict(words), definitions=tuple(definitions))
    everything = np.ones(len(corpus.directory.first_chunk), bool)

    def ranked(found):
        computed = corpus.features(query, found)
        scores = Scores.of(computed, weights.SENTENCE)
        return list(rank_chunks(computed, scores, everything, None))

    assert ranked(shuffled) == ranked(gathered)


def test_sums_do_not_depend_on_how_the_process_hashes_words():
    """Sets of words come in another order in every process."""
    program = (
        "from pampax.search.definitions import match_definitions; import numpy as np\n"
        "from pampax.search.directory import FileRow, build_directory\n"
        "from pampax.search.gathered import Definition, Gathered\n"
        "from pampax.search.query import read_query\n"
        "directory = build_directory([FileRow(0, 'a.py', b'', 'python', 0, 1, 9)], np.ones(1, bool), 9)\n"
        "found = Gathered(definitions=(Definition(0, 'readRetryBackoffJitterLimitTable', 'function', 3, False),))\n"
        "query = read_query('retry with jitter and a backoff table')\n"
        "print(match_definitions(directory, query, found).cosine.tobytes().hex())"
    )

    def run(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True, timeout=60
        ).stdout

    assert len({run(str(seed)) for seed in range(3)}) == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_chunks_of_a_file_share_its_answer(corpus, question):
    by_document = {}
    for result in corpus.search(question):
        by_document.setdefault(result.document, []).append(result)
    for results in by_document.values():
        assert sum(each.share for each in results) == pytest.approx(1)
        assert [each.nth for each in results] == list(range(len(results)))
        assert [each.share for each in results] == sorted((each.share for each in results), reverse=True)
        assert all(each.place <= 0 for each in results)


def test_a_function_is_preferred_to_other_chunks_that_match_as_well():
    values = {name: np.zeros(3, np.float32) for name in (*weights.SENTENCE.chunk, "frame")}
    values["text"][:2], values["function"][1] = 0.5, 1
    places = np.array([0, 1, 2], np.int32), np.zeros(3, np.int32)
    files = {name: np.zeros(1, np.float32) for name in weights.SOURCE_OF if name != weights.BEST_CHUNK}
    computed = features.Features(files, features.ChunkFeatures(*places, values), np.ones(1, bool))
    scores = Scores.of(computed, weights.SENTENCE)
    ranked = rank_chunks(computed, scores, np.ones(1, bool), None)
    assert [each.ordinal for each in ranked] == [1, 0, 2]


def test_a_definition_comes_before_its_use(corpus):
    assert corpus.paths(corpus.search("ConnectionPool"))[0] == "src/pool.py"


def test_a_test_file_comes_first_when_the_question_asks_for_tests(corpus):
    assert corpus.paths(corpus.search("tests of the connection pool"))[0] == "tests/test_pool.py"


def test_words_in_comments_find_code_without_a_matching_name(corpus):
    assert corpus.paths(corpus.search("waits longer after each failure"))[0] == "src/retry.py"


def test_one_result_per_file_when_grouped(corpus):
    paths = corpus.paths(corpus.search("connection", one_per_file=True))
    assert len(paths) == len(set(paths))


def test_a_question_without_any_known_word_finds_nothing(corpus):
    assert corpus.search("🦜🦜🦜") == []


def test_equal_scores_go_by_document(make_corpus):
    text = "def same_thing():\n    return 1\n"
    twins = make_corpus({f"{letter}/twin.py": text for letter in "cab"})
    first, second, third = twins.search("same_thing")
    assert first.score == second.score == third.score
    assert [chunk.document for chunk in (first, second, third)] == [0, 1, 2]


@given(st.text(min_size=1, max_size=200))
def test_no_text_breaks_ranking(corpus, text):
    for result, evidence in corpus.explained(text):
        assert result.score == pytest.approx(sum(part.score for part in evidence))


@pytest.mark.parametrize("path", ["src/pool.py", "pool.py", "tests/test_pool.py", "docs/notes.md"])
def test_the_path_of_a_file_finds_that_file_first(corpus, path):
    assert corpus.paths(corpus.search(path))[0].endswith(path)
