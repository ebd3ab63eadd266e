"""The quick look at a line's first word never keeps a definition from being found."""

from hypothesis import example, given
from hypothesis import strategies as st

from pampax.codeintel import patterns

PARTS = st.sampled_from([
    " ", "\t", "class", "PUBLIC", "static", "def", "Fun", "create or replace table", "create", "view", "@Test", "@a(b)",
    "name", "self.run", "(x)", "()", "{", "=", ";", ":", "\u017ftruct", "\u212ailo", "é", "int", "9", "_", "sub",
])  # fmt: skip


@given(st.one_of(st.lists(PARTS, max_size=8).map("".join), st.lists(PARTS, max_size=6).map(" ".join)))
@example("\u017ftruct Name {")
@example("  protected internal String name(int x) {")
def test_a_line_that_a_pattern_matches_is_never_passed_over(line: str) -> None:
    matched = any(pattern.match(line) for _, pattern in patterns._BY_KEYWORD)
    assert patterns._may_define(line) or not matched
