"""Patterns: what a text must hold, what RE2 refuses and where, on which lines it matches, and when one is meant."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.grams import gram_bitmap
from pampax.core.errors import InvalidRequest
from pampax.search.pattern.bitmaps import EMPTY, MAX_GRAMS
from pampax.search.pattern.matcher import MAX_LINES, Matcher, Pattern
from pampax.search.pattern.needs import NOTHING, AllOf, AnyOf, need_of_regex, need_of_text
from pampax.search.pattern.reading import read_pattern
from pampax.search.query import Intent
from pampax.search.request import Mode, SearchRequest


@pytest.mark.parametrize(
    ("pattern", "need"),
    [
        (r"def \w+_card\(", AllOf((b"def ", b"_card("))),
        ("import (os|sys)", AnyOf((b"import os", b"import sys"))),
        ("https?://example", AnyOf((b"http://example", b"https://example"))),
        ("(?i)Foo.*BAR", AllOf((b"foo", b"bar"))),
        (r"\Qa.b(c\E+d", b"a.b(c"),
        ("[ab]xyz", AnyOf((b"axyz", b"bxyz"))),
        (r"[[:alpha:]\d]foo[^]x]bar", AllOf((b"foo", b"bar"))),
        ("a{,5}bcd", b"a{,5}bcd"),
        ("(?:foo){2}bar", AllOf((b"foo", b"bar"))),
        ("(?P<name>foo)(?<other>bar)", b"foobar"),
        (r"\x41\x{42}\103", b"abc"),
        (r"^foo\b$", b"foo"),
        ("(get|put|post|head|patch|delete|a|b|c|d|e|f|g|h|i|j|k)_it", b"_it"),
        ("foo|x", NOTHING),
        ("foo(bar)?", AnyOf((b"foo", b"foobar"))),
        ("ab.cd", NOTHING),
        (r"\pLfoo\p{Greek}bar\C", AllOf((b"foo", b"bar"))),
    ],
)
def test_what_a_pattern_needs(pattern: str, need: object) -> None:
    Matcher(Pattern(pattern, regex=True))
    assert need_of_regex(pattern, any_case=False) == need


def test_whatever_the_case_other_letters_than_ascii_are_not_needed() -> None:
    assert need_of_regex("(?i)größe_max", any_case=False) == b"e_max"
    assert need_of_text("Größe_MAX", any_case=True) == b"e_max"
    assert need_of_text("Größe_MAX", any_case=False) == "größe_max".encode()


def test_what_nobody_nests_so_deep_needs_nothing() -> None:
    assert need_of_regex("(" * 200 + "abc" + ")" * 200, any_case=False) == NOTHING


_PIECES = st.sampled_from(
    ["a", "b", "ab", "abc", "cab", ".", r"\w", r"\b", "[ab]", "[^a]", "[a-c]", r"\x61", "é", "K", "s", "^", "$", r"\n"]
)
_PATTERNS = st.recursive(
    _PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "{0,1}", "+?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda pattern: f"(?i:{pattern})"),
    ),
    max_leaves=12,
)


@given(pattern=_PATTERNS, text=st.text("abcABC é\u212a\u017fks\n", max_size=30), any_case=st.booleans())
def test_a_text_that_matches_is_never_left_out(pattern: str, text: str, any_case: bool) -> None:
    try:
        matcher = Matcher(Pattern(pattern, regex=True, any_case=any_case))
    except InvalidRequest:
        return
    content = text.encode()
    if matcher.lines(content):
        assert list(EMPTY.changed([0], [(0, gram_bitmap(content))]).holding(matcher.need)) == [0]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("é(foo", "missing ) at character 2"),
        (r"a\(b(c[)](d)", "missing ) at character 5"),
        ("ab**", "bad repetition operator at character 3 (**)"),
        ("x[z-a]", "invalid character class range at character 3 (z-a)"),
        (r"ab\q", r"invalid escape sequence at character 3 (\q)"),
        ("(?=a)", "invalid perl operator at character 1 ((?=); it looks ahead or behind"),
        ("ab(?<=b+)c", "invalid perl operator at character 3 ((?<=); it looks ahead or behind"),
        ("ab(?<!b)c", "invalid perl operator at character 3 ((?<!); it looks ahead or behind"),
        ("a\\", "trailing \\"),
        ("a*", "the empty text"),
        ("(?:[a-z]{90}[0-9]{90}){50}", "invalid repetition size at character 23"),
        ("(?:[a-zé]{20}){50}|(?:[b-yü]{20}){50}|(?:[c-xä]{20}){50}", "steps, more than 4000"),
    ],
)
def test_what_is_no_pattern_is_told_with_the_place(pattern: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        Matcher(Pattern(pattern, regex=True))
    assert refused.value.reason == "INVALID_PATTERN"
    assert told in refused.value.message


def test_lines_are_counted_as_everybody_counts_them() -> None:
    matcher = Matcher(Pattern("^x$", regex=True))
    assert matcher.lines(b"\xef\xbb\xbfx\ny\nx\n\nx") == [1, 3, 5]
    assert matcher.lines(b"x\r\n") == []
    assert Matcher(Pattern(r"\bx|y\n", regex=True)).lines(b"x x y\ny\n") == [1, 2]
    assert Matcher(Pattern("a\nb", regex=False)).lines(b"-\na\nb\n") == [2]
    assert len(Matcher(Pattern("x", regex=False)).lines(b"x\n" * 5_000)) == MAX_LINES


def test_a_line_that_matches_everywhere_is_looked_at_once() -> None:
    matcher = Matcher(Pattern(".", regex=True))
    began = time.perf_counter()
    assert matcher.lines(b"x" * 4_000_000) == [1]  # where one by one each of its letters would take seconds
    assert time.perf_counter() - began < 1


def test_a_text_is_no_expression() -> None:
    assert Matcher(Pattern("a.b(", regex=False)).lines(b"aab(\nA.B(\na.b(\n") == [3]
    assert Matcher(Pattern("a.b(", regex=False, any_case=True)).lines(b"aab(\nA.B(\na.b(\n") == [2, 3]


def test_bitmaps_tell_which_documents_may_hold_a_text() -> None:
    texts = {0: "x" * 4 + "retry_with_backoff", 7: "def retry(): backoff", 9: " ".join(map(str, range(5_000)))}
    bitmaps = EMPTY.changed(list(texts), [(key, gram_bitmap(text.encode())) for key, text in texts.items()])
    assert list(bitmaps.holding(b"retry_with")) == [0]
    assert list(bitmaps.holding(AllOf((b"retry", b"backoff")))) == [0, 7]
    assert list(bitmaps.holding(AnyOf((b"with_backoff", b"4998")))) == [0, 9]
    assert list(bitmaps.holding(NOTHING)) == [0, 7, 9]
    long = texts[9][: 10 * MAX_GRAMS].encode()
    assert list(bitmaps.holding(long)) == [9]


def test_bitmaps_of_the_next_snapshot_keep_what_it_shows() -> None:
    before = EMPTY.changed([0, 3, 5], [(0, gram_bitmap(b"alpha")), (3, gram_bitmap(b"beta")), (5, b"")])
    after = before.changed([0, 5, 8], [(8, gram_bitmap(b"alphabet"))])
    assert list(after.documents()) == [0, 5, 8]
    assert list(after.holding(b"alpha")) == [0, 5, 8]  # nothing is known of 5, as of those of older builds
    assert list(after.holding(b"alphab")) == [5, 8]


@pytest.mark.parametrize(
    ("text", "intent", "pattern"),
    [
        ('"could not connect to %s"', Intent.LITERAL, "could not connect to %s"),
        ("`x = y`", Intent.LITERAL, "x = y"),
        (r"/charge_\w+\(/", Intent.REGEX, r"charge_\w+\("),
        (r"def \w+_card", Intent.REGEX, r"def \w+_card"),
        ("import (os|sys)", Intent.REGEX, "import (os|sys)"),
        ("get.*Config", Intent.REGEX, "get.*Config"),
    ],
)
def test_a_question_that_looks_like_a_pattern_is_read_as_one(text: str, intent: Intent, pattern: str) -> None:
    asked, notices = read_pattern(SearchRequest(query=f" {text} "))
    assert asked is not None
    assert notices == ()
    assert (asked.intent, asked.matcher.pattern.text, asked.surely) == (intent, pattern, False)


@pytest.mark.parametrize(
    "text",
    [
        "where are retries with backoff implemented?", "ConnectionPool", "src/pool.py", "/usr/lib/python3", "foo()",
        "what does a.b(c) do?", "dict[str, int]", 'say "hello" twice', "std::vector<int>", "foo (bar) baz", '"ab"',
        r"why does re.compile(r'\w+') not match all of these words in a text?", "a|b", "error: [Errno 2]",
    ],
)  # fmt: skip
def test_other_questions_are_not(text: str) -> None:
    assert read_pattern(SearchRequest(query=text)) == (None, ())


def test_what_looks_like_a_pattern_and_is_none_is_told_so() -> None:
    asked, (notice,) = read_pattern(SearchRequest(query="/charge(/"))
    assert asked is None
    assert notice == "'charge(' is looked for by its words, as a pattern it cannot be used: missing ) at character 7"


def test_the_mode_or_the_intent_asks_for_a_pattern() -> None:
    for narrowed in ({"mode": Mode.REGEX}, {"intent": Intent.REGEX}):
        asked, _ = read_pattern(SearchRequest(query=" a b", **narrowed))
        assert asked is not None
        assert (asked.surely, asked.intent, asked.matcher.pattern.text) == (True, Intent.REGEX, " a b")
    with pytest.raises(InvalidRequest):
        read_pattern(SearchRequest(query="(", mode=Mode.REGEX))
    assert read_pattern(SearchRequest(query="(", mode=Mode.LITERAL))[0] is not None
    assert read_pattern(SearchRequest(query='"a b c"', mode=Mode.LEXICAL)) == (None, ())
    assert read_pattern(SearchRequest(query='"a b c"', intent=Intent.QUESTION)) == (None, ())
