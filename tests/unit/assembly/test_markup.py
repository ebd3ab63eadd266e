import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.assembly.markup import code, fenced, plain, shortened


@pytest.mark.parametrize(
    ("content", "fence"), [("x", "```"), ("a ``` b", "````"), ("`````\nx", "``````"), ("`", "```")]
)
def test_a_fence_is_longer_than_any_run_of_backticks_inside(content, fence):
    assert fenced(content, "python") == f"{fence}python\n{content}\n{fence}"


def test_a_language_cannot_break_the_fence():
    assert fenced("x", "py`thon\nrm -rf").split("\n")[0] == "```pythonrm-rf"


def test_plain_text_names_no_language():
    assert fenced("x", "text").startswith("```\n")


@pytest.mark.parametrize(
    ("text", "shown"), [("a b", "`a b`"), ("a`b", "``a`b``"), ("`a`", "`` `a` ``"), ("a\nb", "`a b`")]
)
def test_inline_code_stays_inline(text, shown):
    assert code(text) == shown


@given(st.text(max_size=200), st.integers(1, 80))
def test_shortened_text_is_one_line_of_at_most_so_many_characters(text, most):
    short = shortened(text, most)
    assert len(short) <= most
    assert "\n" not in short


def test_text_is_cut_between_words():
    assert shortened("rotate the signing keys", 18) == "rotate the…"


def test_markup_in_the_task_is_inert():
    assert plain("a <b> `c` [d](e)") == r"a \<b> \`c\` \[d](e)"


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x07b", "a\u202eb"])
def test_what_a_terminal_would_obey_is_written_out_in_names_and_titles(text):
    assert code(text).isprintable()
    assert shortened(text, 80).isprintable()
