import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel import tokens
from pampax.codeintel.tokens import KNOWN_COUNTERS, counter
from pampax.core.errors import InvalidRequest

SAMPLE = """
def retry(call: Callable[[], T], *, attempts: int = 3) -> T:
    # Try again after a pause that doubles each time.
    for attempt in range(attempts):
        try:
            return call()
        except Unavailable:
            time.sleep(2**attempt)
    raise DeadlineExceeded("gave up")
"""


def test_vocabularies_count_as_their_model_does() -> None:
    pytest.importorskip("rs_bpe", reason="the vocabularies come with a wheel that Python 3.14 lacks")
    assert counter("o200k_base").count("hello world") == 2
    assert counter("cl100k_base").count("hello world") == 2
    assert counter("o200k_base").exact


def test_bytes4_rounds_up() -> None:
    assert [counter("bytes4").count(text) for text in ("", "a", "abcd", "abcde", "é" * 2)] == [0, 1, 1, 2, 1]


def test_one_counter_serves_all_callers() -> None:
    assert counter("bytes4") is counter("bytes4")


def test_an_unknown_tokenizer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match=r"o200k_base, cl100k_base, bytes4") as refused:
        counter("gpt-9")
    assert "tokenizer" in refused.value.fields


def test_without_a_vocabulary_the_count_is_an_estimate_on_the_high_side(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = counter("o200k_base").count(SAMPLE)
    monkeypatch.setattr(tokens, "_vocabulary", lambda name: None)
    estimate = counter.__wrapped__("o200k_base")
    assert not estimate.exact
    assert exact <= estimate.count(SAMPLE) <= 2 * exact


@given(st.text(), st.sampled_from(KNOWN_COUNTERS))
def test_any_text_can_be_counted(text: str, name: str) -> None:
    assert counter(name).count(text) >= bool(text)


@pytest.mark.parametrize("name", KNOWN_COUNTERS)
def test_lone_surrogates_are_counted(name: str) -> None:
    assert counter(name).count("a\ud800b") > 0
