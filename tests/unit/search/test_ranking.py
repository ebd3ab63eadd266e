import pytest
from hypothesis import given
from hypothesis import strategies as st

QUESTIONS = ["reuse idle connections", "ConnectionPool", "how is a failed call repeated", "send", "pool", "notes"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_evidence_adds_up_to_the_score(corpus, question):
    for result in corpus.search(question):
        assert sum(part.points for part in result.parts) == pytest.approx(result.score)


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_never_rise_down_the_list(corpus, question):
    scores = [result.score for result in corpus.search(question)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_question_gives_the_same_order(corpus, question):
    assert corpus.search(question) == corpus.search(question)


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


@given(st.text(min_size=1, max_size=200))
def test_no_text_breaks_ranking(corpus, text):
    for result in corpus.search(text):
        assert result.score == pytest.approx(sum(part.points for part in result.parts))
