"""The killable parser: the same answers as in this process, and survival of what kills it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.lines import text_lines
from pampax.codeintel.parse import analyse
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.codeintel.wire import decode_analysis, encode_analysis

SOURCE = b"class A:\n    '''Doc.'''\n\n    def run(self):\n        return 1\n"
# Error recovery of the JavaScript grammar takes a time that grows with the square of this.
ENDLESS = b"def f: " * 60_000


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess() as process:
        yield process


def child_pid(parser: ParserProcess) -> int:
    assert parser._child is not None
    return parser._child.pid


@pytest.mark.parametrize("content", [b"", SOURCE, SOURCE * 2000, b"\xff\xfe\0 (((", "größe = '字'\n".encode()])
def test_the_child_answers_as_the_function_does(parser: ParserProcess, content: bytes) -> None:
    assert parser.parse("python", content) == analyse("python", content)


def test_one_child_serves_many_files(parser: ParserProcess) -> None:
    parser.parse("python", SOURCE)
    first = child_pid(parser)
    parser.parse("go", b"package x\n")
    assert child_pid(parser) == first


def test_a_file_that_takes_too_long_fails_and_the_next_is_parsed(parser: ParserProcess) -> None:
    with pytest.raises(ParseFailed) as failed:
        parser.parse("javascript", ENDLESS, timeout_s=0.3)
    assert failed.value.reason == "timeout"
    assert parser.parse("python", SOURCE) == analyse("python", SOURCE)


def test_a_frozen_child_is_a_timeout_and_is_replaced(parser: ParserProcess) -> None:
    parser.parse("python", SOURCE)
    os.kill(child_pid(parser), signal.SIGSTOP)
    with pytest.raises(ParseFailed, match="timeout"):
        parser.parse("python", SOURCE, timeout_s=0.2)
    assert parser.parse("python", SOURCE) == analyse("python", SOURCE)


def test_a_child_that_died_between_two_files_is_replaced(parser: ParserProcess) -> None:
    parser.parse("python", SOURCE)
    child = parser._child
    assert child is not None
    child.kill()
    child.wait(timeout=10)
    assert parser.parse("python", SOURCE) == analyse("python", SOURCE)


def test_a_child_without_memory_is_a_crash() -> None:
    with ParserProcess(memory_bytes=48 * 1024 * 1024) as starved, pytest.raises(ParseFailed) as failed:
        starved.parse("python", SOURCE * 20_000)
    assert failed.value.reason == "crash"


def test_the_child_does_not_see_the_owners_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_SECRET", "hunter2")
    with ParserProcess() as parser:
        parser.parse("python", SOURCE)
        assert b"hunter2" not in Path(f"/proc/{child_pid(parser)}/environ").read_bytes()


def test_the_child_ends_when_its_owner_closes_it() -> None:
    parser = ParserProcess()
    parser.parse("python", SOURCE)
    pid = child_pid(parser)
    parser.close()
    parser.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_child_ends_when_its_input_closes() -> None:
    parser = ParserProcess()
    parser.parse("python", SOURCE)
    child = parser._child
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(timeout=10) == 0
    parser.close()


@given(st.text(max_size=300), st.sampled_from(["python", "cpp", "text"]))
def test_an_analysis_survives_the_wire(source: str, language: str) -> None:
    content = source.encode("utf-8", "replace")
    analysis = analyse(language, content)
    assert decode_analysis(encode_analysis(analysis), language, text_lines(content)) == analysis


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"[1,2,3]", b"[1,true,[[1]],[],[],[]]", b"\xff"])
def test_a_broken_answer_is_refused(payload: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode_analysis(payload, "python", [])


def test_the_deadline_holds_while_the_child_starts() -> None:
    with ParserProcess() as parser, pytest.raises(ParseFailed, match="timeout"):
        parser.parse("python", SOURCE, timeout_s=0.001)
