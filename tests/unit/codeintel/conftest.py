"""What parsing gives of a source, as the tables of languages have it; a file that fails on any machine."""

import pytest

from pampax.codeintel import parser_process
from pampax.codeintel.model import Symbol
from pampax.codeintel.parse import parse_file


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of a parser process about `TALKATIVE` is too large."""
    monkeypatch.setattr(parser_process, "MAX_ANSWER_BYTES", 32_000)


def symbols(language: str, source: str) -> dict[str, Symbol]:
    return {symbol.qualified_name: symbol for symbol in parse_file(language, source.encode()).symbols}


def assert_definitions(language: str, source: str, expected: str) -> None:
    """`expected` has a line for each definition: kind, + for an exported one or -, qualified name."""
    parsed = parse_file(language, source.encode())
    found = [f"{each.kind} {'+' if each.exported else '-'} {each.qualified_name}" for each in parsed.symbols]
    assert found == [line.strip() for line in expected.strip().splitlines()]
    assert parsed.syntax
