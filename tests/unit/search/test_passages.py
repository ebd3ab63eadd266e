"""Parts of a file are the same text whether the whole is decoded or the part alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.lines import text_lines
from pampax.search.passages import Passages


@given(
    content=st.binary(max_size=40) | st.text("aé\n\r\ufeff", max_size=30).map(str.encode),
    first=st.integers(1, 12),
    count=st.integers(1, 12),
)
def test_a_passage_is_its_lines(content: bytes, first: int, count: int) -> None:
    last = first + count - 1
    assert Passages(content).between(first, last) == "\n".join(text_lines(content)[first - 1 : last])


@pytest.mark.parametrize(("content", "lines"), [(b"", []), (b"\xef\xbb\xbfa\n", ["a"]), (b"a\r\nb", ["a\r", "b"])])
def test_lines_end_at_newlines(content: bytes, lines: list[str]) -> None:
    assert text_lines(content) == lines
