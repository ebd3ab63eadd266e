import pytest

from pampax.search.query import MAX_NAMES, MAX_TERMS, Intent, intent_of, read_query


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ConnectionPool", Intent.SYMBOL),
        ("get_user_name", Intent.SYMBOL),
        ("Session.request", Intent.SYMBOL),
        ("pool", Intent.SYMBOL),
        ("src/pool/mod.rs", Intent.PATH),
        ("conftest.py", Intent.PATH),
        ("how does the request pipeline work", Intent.ARCHITECTURE),
        ("overview of the storage layer", Intent.ARCHITECTURE),
        ("where is the cookie jar filled", Intent.QUESTION),
        ('Traceback (most recent call last):\n  File "a.py", line 3, in f\nKeyError', Intent.ERROR_TRACE),
        ("    at com.foo.Bar.baz(Bar.java:42)", Intent.ERROR_TRACE),
        ("thread 'main' panicked at src/main.rs:4:5", Intent.ERROR_TRACE),
    ],
)
def test_intent_is_read_from_the_form(text, intent):
    assert intent_of(text) is intent


def test_intent_can_be_overridden():
    assert read_query("pool", Intent.QUESTION).intent is Intent.QUESTION


def test_adjacent_words_may_name_a_definition():
    assert read_query("the cookie jar").names == ("cookiejar", "cookie_jar")


def test_a_word_in_a_sentence_names_a_definition_only_in_the_form_of_code():
    assert "cookiejar" in read_query("where is CookieJar made").names
    assert "made" not in read_query("where is CookieJar made").names


def test_a_single_word_is_always_a_name():
    assert read_query("jar").names == ("jar",)


def test_a_long_question_is_bounded():
    query = read_query(" ".join(f"word{index}" for index in range(5_000)))
    assert len(query.terms) <= MAX_TERMS
    assert len(query.names) <= MAX_NAMES
