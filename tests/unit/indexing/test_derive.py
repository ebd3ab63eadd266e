"""Deriving when the parser gives up."""

from collections.abc import Generator, Sequence

from pampax.codeintel.model import Analysis
from pampax.codeintel.parse import analyse
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.embedding.static import load_default
from pampax.indexing.run.derive import Deriver, Parsed, Pending, embedded_text

CONTENT = b"def one():\n    return 1\n"


class GivesUp(ParserProcess):
    """Fails for the given languages, as a grammar that loops or crashes does."""

    def __init__(self, *languages: str) -> None:
        super().__init__()
        self._languages = languages

    def parse_all(
        self, requests: Sequence[tuple[str, bytes]], timeout_s: float = 1.0
    ) -> Generator[Analysis | ParseFailed, None, None]:
        for language, content in requests:
            yield ParseFailed("timeout") if language in self._languages else analyse(language, content)


def parse(deriver: Deriver, *pending: Pending) -> list[Parsed]:
    outcomes = list(deriver.parse_all(pending))
    assert all(isinstance(each, Parsed) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, Parsed)]


def test_a_file_whose_grammar_hangs_is_cut_by_lines_and_says_so() -> None:
    deriver = Deriver(GivesUp("python"), load_default())
    (document,) = deriver.embed(parse(deriver, Pending(bytes(20), "python", CONTENT)))
    assert (document.language, document.problem) == ("python", "timeout")
    assert [chunk.text for chunk in document.chunks] == ["def one():\n    return 1"]
    assert document.analysis.parsed.symbols == ()


def test_a_parser_that_was_stopped_once_is_no_fault_of_the_file() -> None:
    class StoppedOnce(GivesUp):
        def parse_all(
            self, requests: Sequence[tuple[str, bytes]], timeout_s: float = 1.0
        ) -> Generator[Analysis | ParseFailed, None, None]:
            first = list(super().parse_all(requests, timeout_s))
            self._languages = ()
            yield from first

    (parsed,) = parse(Deriver(StoppedOnce("python"), load_default()), Pending(bytes(20), "python", CONTENT))
    assert parsed.problem is None
    assert [symbol.name for symbol in parsed.analysis.parsed.symbols] == ["one"]


def test_a_file_that_cannot_even_be_cut_by_lines_is_left_out() -> None:
    deriver = Deriver(GivesUp("python", "text"), load_default())
    pending = [Pending(bytes(20), "python", CONTENT), Pending(bytes(20), "go", b"package x\n")]
    failed, other = deriver.parse_all(pending)
    assert isinstance(failed, ParseFailed)
    assert isinstance(other, Parsed)


def test_each_document_gets_the_vectors_of_its_own_chunks() -> None:
    deriver = Deriver(GivesUp(), load_default())
    contents = [CONTENT, b"class Two:\n    pass\n", b"three = 3\n"]
    parsed = parse(deriver, *(Pending(bytes([n]) * 20, "python", content) for n, content in enumerate(contents)))
    for document in deriver.embed(parsed):
        alone = load_default().embed_documents([embedded_text(chunk) for chunk in document.chunks])
        assert (document.vectors == alone).all()
    assert deriver.embed([]) == []
