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
    assert {"cookiejar", "cookie_jar", "cookie", "jar"} <= set(read_query("the cookie jar").names)


def test_a_long_question_is_bounded():
    query = read_query(" ".join(f"word{index}" for index in range(5_000)))
    assert len(query.terms) <= MAX_TERMS
    assert len(query.names) <= MAX_NAMES
