"""How files are cut: nothing lost, nothing twice, at borders that a reader would choose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.chunks import MAX_CHUNK_CHARS, MIN_CHUNK_CHARS
from pampax.codeintel.languages import SYNTAX_LANGUAGES
from pampax.codeintel.lines import text_lines
from pampax.codeintel.model import Chunk, ParsedFile
from pampax.codeintel.parse import MAX_TERM_TEXT_CHARS, analyse, parse_file

LANGUAGES = sorted(SYNTAX_LANGUAGES | {"text", "perl", "sql"})
FRAGMENTS = st.sampled_from(
    [
        "\n", "\n\n", "    ", "\t", " ", "\r\n", "{", "}", "(", ")", ";", ":", ",", "=", "=>", "*", "&", "<T>", "::",
        "class A", "def f(x):", "fn g()", "func (r *R) M()", "function h()", "interface I", "struct S", "impl S for T",
        "namespace n", "template <class T>", "int f(void)", "export default", "const a = ", "#define X 1", "import os",
        "@decorator", "#[attr]", "// note", "/* note */", "# note", '"""doc"""', "'", '"', "`", "return 1", "mixin M",
        "x" * 400, "word " * 60, "é", "\u2028", "\x0c", "\ufeff", "\0", "\U0001f600",
    ]
)  # fmt: skip
SOURCES = st.lists(FRAGMENTS, max_size=60).map("".join)


def python_function(name: str, lines: int, indent: str = "") -> str:
    body = "".join(f"{indent}    value_{n} = compute_{n}(value_{n - 1})\n" for n in range(lines))
    return f"{indent}def {name}():\n{body}"


def chunks(source: str, language: str = "python") -> tuple[Chunk, ...]:
    return parse_file(language, source.encode()).chunks


def assert_covered(parsed: ParsedFile, content: bytes) -> None:
    lines = text_lines(content)
    seen = [row for chunk in parsed.chunks for row in range(chunk.start_line, chunk.end_line + 1)]
    assert seen == sorted(set(seen))
    assert {row for row, line in enumerate(lines, 1) if line.strip()} <= set(seen)
    for chunk in parsed.chunks:
        assert chunk.text == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])
        assert chunk.text.strip()
    assert parsed.lines == len(lines)


@pytest.mark.parametrize("language", LANGUAGES)
@given(source=SOURCES)
def test_every_line_that_is_not_blank_is_in_one_chunk(language: str, source: str) -> None:
    content = source.encode()
    assert_covered(parse_file(language, content), content)


@pytest.mark.parametrize("language", LANGUAGES)
@given(content=st.binary(max_size=600))
def test_no_bytes_make_parsing_fail(language: str, content: bytes) -> None:
    assert_covered(parse_file(language, content), content)


@pytest.mark.parametrize("language", LANGUAGES)
@given(source=SOURCES)
def test_symbols_lie_inside_the_file_and_nest_in_order(language: str, source: str) -> None:
    parsed = parse_file(language, source.encode())
    for symbol in parsed.symbols:
        assert 1 <= symbol.start_line <= symbol.end_line <= parsed.lines
        assert symbol.qualified_name.endswith(symbol.name)
        assert "\n" not in symbol.signature + symbol.doc


@pytest.mark.parametrize("language", LANGUAGES)
@given(source=SOURCES)
def test_every_chunk_has_its_term_counts(language: str, source: str) -> None:
    analysis = analyse(language, source.encode())
    assert len(analysis.chunk_terms) == len(analysis.name_terms) == len(analysis.parsed.chunks)


def test_a_chunk_is_not_much_larger_than_the_limit() -> None:
    source = "\n".join(python_function(f"f{n}", n % 60) for n in range(80))
    assert all(len(chunk.text) <= MAX_CHUNK_CHARS + MIN_CHUNK_CHARS for chunk in chunks(source))


def test_small_definitions_share_a_chunk_named_after_the_largest() -> None:
    (chunk,) = chunks("import os\n\n" + python_function("small", 1) + python_function("large", 9))
    assert (chunk.kind, chunk.symbol) == ("function", "large")


def test_chunks_begin_with_the_comments_and_decorators_of_their_definition() -> None:
    source = python_function("first", 30) + "\n# Says why.\n@cached\n" + python_function("second", 30)
    second = chunks(source)[1]
    assert second.text.startswith("# Says why.\n@cached\ndef second")
    assert second.symbol == "second"


def test_a_large_class_is_cut_at_its_methods() -> None:
    methods = "\n".join(python_function(f"method_{n}", 25, "    ") for n in range(4))
    found = chunks(f"class Large:\n    '''Holds much.'''\n\n{methods}")
    assert found[0].symbol == "Large"
    assert [chunk.symbol for chunk in found[1:]] == [f"Large.method_{n}" for n in range(1, 4)]
    assert all(chunk.text.lstrip().startswith("def method_") for chunk in found[1:])


def test_a_long_body_is_cut_at_its_blank_lines_and_named_after_the_function() -> None:
    block = "".join(f"    step_{n} = prepare_the_next_step(step_{n - 1})\n" for n in range(12))
    found = chunks("def run():\n" + "\n".join(block for _ in range(8)))
    assert found[0].kind == "function"
    assert {(chunk.kind, chunk.symbol) for chunk in found[1:]} == {("block", "run")}
    assert all(chunk.text.startswith("    step_0 ") for chunk in found[1:])


def test_blank_edges_belong_to_no_chunk() -> None:
    (chunk,) = chunks("\n\n\nx = 1\n\n\n")
    assert (chunk.start_line, chunk.end_line, chunk.text) == (4, 4, "x = 1")


@pytest.mark.parametrize("source", ["", "\n\n", " \t\r\n"])
def test_a_file_of_blank_lines_has_no_chunks(source: str) -> None:
    assert chunks(source) == ()


def test_plain_text_is_cut_by_paragraphs() -> None:
    paragraph = "A sentence that is long enough to count as one line of prose in this text.\n" * 8
    found = chunks("\n".join([paragraph] * 6), "text")
    assert {(chunk.kind, chunk.symbol) for chunk in found} == {("text", "")}
    assert all(chunk.text == "\n".join([paragraph] * 2).rstrip() for chunk in found)


def test_a_line_without_end_is_one_chunk_with_bounded_terms() -> None:
    analysis = analyse("javascript", b"var data = '" + b"ab cd " * 20_000 + b"';")
    assert [len(chunk.text) for chunk in analysis.parsed.chunks] == [12 + 120_000 + 2]
    assert sum(analysis.chunk_terms[0].values()) <= MAX_TERM_TEXT_CHARS


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    parsed = parse_file("c", b"\xef\xbb\xbfint gr\xf6sse(void) {\n  return 1;\n}\n")
    assert parsed.chunks[0].text.startswith("int gr\ufffdsse(void)")


@pytest.mark.parametrize("language", sorted(SYNTAX_LANGUAGES))
@pytest.mark.parametrize("source", ["(" * 5_000, "{" * 3_000, "class A { " * 2_000, "(a+" * 5_000 + "b" + ")" * 5_000])
def test_deep_nesting_does_not_overflow(language: str, source: str) -> None:
    assert_covered(parse_file(language, source.encode()), source.encode())


def test_without_syntax_the_chunks_are_cut_by_lines_and_patterns() -> None:
    parsed = parse_file("python", python_function("run", 3).encode(), use_syntax=False)
    assert not parsed.syntax
    assert [symbol.name for symbol in parsed.symbols] == ["run"]


def test_terms_count_the_chunks_symbol_and_the_names_it_defines() -> None:
    analysis = analyse("python", b"class WebClient:\n    def close(self):\n        pass\n")
    assert analysis.chunk_terms[0]["webclient"] == 2
    assert analysis.name_terms[0] == {"web": 1, "client": 1, "webclient": 1, "close": 1}


def test_names_around_a_chunk_count_as_its_names() -> None:
    methods = "\n".join(python_function(f"method_{n}", 25, "    ") for n in range(3))
    analysis = analyse("python", f"class Group:\n{methods}".encode())
    assert analysis.name_terms[-1]["group"] == 1
