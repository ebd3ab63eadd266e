"""How much of a question stands in a text word for word."""

import pytest

from pampax.search.phrase import Phrase


@pytest.mark.parametrize(
    ("question", "content", "share"),
    [
        ("connection pool is full", 'log.warning("Connection pool is full, discarding: %s")', 1.0),
        ("connection pool is full", 'raise Error("connection "\n  "pool "\n  "is full")', 1.0),
        ("the connection pool is full", "# connection pool is full", 0.8),
        ("is the connection pool full", "# connection pool is full", 0.0),  # no three words in a row
        ("what happens when the pool is full", "the pool is full", 4 / 7),
        ("what happens to us when the pool is full", "pool is full", 0.0),  # less than half
        ("pool is full", "swimmingpool is fuller", 0.0),
        ("retry_after must be positive", "retry_after must be positive", 1.0),
    ],
)
def test_the_longest_run_of_words_counts_from_three_words_and_half_of_the_question(question, content, share):
    assert Phrase.of(question).share(content) == pytest.approx(share)


def test_of_a_stack_trace_the_message_counts_and_not_its_frames():
    trace = 'Traceback (most recent call last):\n  File "till.py", line 2, in open\nKeyError: the last drawer is open'
    assert Phrase.of(trace).share("raise KeyError('the last drawer is open')") == 1.0
    assert Phrase.of(trace).share("in file till py line 2 in open") == 0.0


def test_what_is_short_is_no_phrase():
    assert Phrase.of("ConnectionPool") is None
    assert Phrase.of("pool.acquire") is None
