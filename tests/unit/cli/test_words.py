"""Numbers, times and foreign text for a person."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.cli import words


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = words.visible(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202e\u2066\u2069\u200f")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("new\nline", "new\\nline"),
        ("über/日本.py", "über/日本.py"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("half\udc80", "half\\udc80"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert words.visible(text) == shown


def test_code_keeps_its_lines_and_tabs() -> None:
    assert words.visible("a\n\tb\x1b\r", keep_lines=True) == "a\n\tb\\x1b\\r"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (7_200, "2 h"), (864_000, "10 d")]
)
def test_ages_have_one_unit(seconds: float, shown: str) -> None:
    assert words.age(seconds) == shown


def test_reasons_come_most_first() -> None:
    assert words.skipped({"empty": 1, "binary": 1_200, "symlink": 0, "generated": 1}) == (
        "1,200 binary, 1 empty, 1 generated"
    )
