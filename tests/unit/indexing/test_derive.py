"""Deriving when the parser gives up."""

import pytest

from pampax.codeintel.model import Analysis
from pampax.codeintel.parse import analyse
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.embedding.static import load_default
from pampax.indexing.run.derive import Deriver, Pending, embedded_text

CONTENT = b"def one():\n    return 1\n"


class GivesUp(ParserProcess):
    """Fails for the given languages, as a grammar that loops or crashes does."""

    def __init__(self, *languages: str) -> None:
        super().__init__()
        self._languages = languages

    def parse(self, language: str, content: bytes, timeout_s: float = 1.0) -> Analysis:
        if language in self._languages:
            raise ParseFailed("timeout")
        return analyse(language, content)


def test_a_file_whose_grammar_hangs_is_cut_by_lines_and_says_so() -> None:
    deriver = Deriver(GivesUp("python"), load_default())
    parsed = deriver.parse(Pending(bytes(20), "python", CONTENT))
    (document,) = deriver.embed([parsed])
    assert (document.language, document.problem) == ("python", "timeout")
    assert [chunk.text for chunk in document.chunks] == ["def one():\n    return 1"]
    assert document.analysis.parsed.symbols == ()


def test_a_parser_that_was_stopped_once_is_no_fault_of_the_file() -> None:
    class StoppedOnce(GivesUp):
        def parse(self, language: str, content: bytes, timeout_s: float = 1.0) -> Analysis:
            try:
                return super().parse(language, content, timeout_s)
            finally:
                self._languages = ()

    parsed = Deriver(StoppedOnce("python"), load_default()).parse(Pending(bytes(20), "python", CONTENT))
    assert parsed.problem is None
    assert [symbol.name for symbol in parsed.analysis.parsed.symbols] == ["one"]


def test_a_file_that_cannot_even_be_cut_by_lines_is_left_out() -> None:
    with pytest.raises(ParseFailed):
        Deriver(GivesUp("python", "text"), load_default()).parse(Pending(bytes(20), "python", CONTENT))


def test_each_document_gets_the_vectors_of_its_own_chunks() -> None:
    deriver = Deriver(GivesUp(), load_default())
    contents = [CONTENT, b"class Two:\n    pass\n", b"three = 3\n"]
    parsed = [deriver.parse(Pending(bytes([n]) * 20, "python", content)) for n, content in enumerate(contents)]
    for document in deriver.embed(parsed):
        alone = load_default().embed_documents([embedded_text(chunk) for chunk in document.chunks])
        assert (document.vectors == alone).all()
    assert deriver.embed([]) == []
