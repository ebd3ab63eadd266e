"""The killable parser: the same answers as in this process, and survival of what kills it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.lines import text_lines
from pampax.codeintel.model import Analysis
from pampax.codeintel.parse import analyse
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.codeintel.wire import decode_analysis, encode_analysis, encode_request, frame

SOURCE = b"class A:\n    '''Doc.'''\n\n    def run(self):\n        return 1\n"
# Error recovery of the JavaScript grammar takes a time that grows with the square of this.
ENDLESS = b"def f: " * 60_000
# Its answer is larger than the fixture `little_room` allows.
TALKATIVE = ("text", b"".join(b"word%d\n" % number for number in range(4_000)))


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


def source(number: int) -> tuple[str, bytes]:
    return "python", b"def run_%d(value):\n    return value * %d\n" % (number, number) * (1 + number % 50)


def test_many_files_are_answered_in_order(parser: ParserProcess) -> None:
    requests = [source(number) for number in range(300)]
    assert list(parser.parse_all(requests)) == [analyse(*request) for request in requests]


def test_files_larger_than_a_pipe_do_not_block_one_another(parser: ParserProcess) -> None:
    requests = [("text", b"word%d\n" % number * 60_000) for number in range(12)]
    answers = list(parser.parse_all(requests))
    assert [each.parsed.lines for each in answers if isinstance(each, Analysis)] == [60_000] * 12


@pytest.mark.usefixtures("little_room")
def test_a_file_that_fails_among_others_is_the_only_one(parser: ParserProcess) -> None:
    requests = [source(1), source(2), TALKATIVE, source(3), source(4)]
    outcomes = list(parser.parse_all(requests))
    assert [isinstance(each, ParseFailed) for each in outcomes] == [False, False, True, False, False]
    assert outcomes[3:] == [analyse(*request) for request in requests[3:]]


@pytest.mark.usefixtures("little_room")
def test_after_a_failure_the_caller_may_parse_something_else_before_it_goes_on(parser: ParserProcess) -> None:
    requests = [TALKATIVE, source(1), source(2)]
    outcomes = parser.parse_all(requests)
    seen = [parser.parse(*source(7)) if isinstance(each, ParseFailed) else each for each in outcomes]
    assert seen == [analyse(*source(number)) for number in (7, 1, 2)]


def test_a_caller_that_leaves_early_does_not_leave_its_answers_to_the_next(parser: ParserProcess) -> None:
    outcomes = parser.parse_all([source(number) for number in range(20)])
    assert next(outcomes) == analyse(*source(0))
    outcomes.close()
    assert parser.parse(*source(30)) == analyse(*source(30))


def test_a_child_that_dies_on_one_file_has_answered_the_ones_before(parser: ParserProcess) -> None:
    outcomes = parser.parse_all([source(number) for number in range(5)])
    first = next(outcomes)
    os.kill(child_pid(parser), signal.SIGKILL)
    rest = list(outcomes)
    assert first == analyse(*source(0))
    failed = [number for number, each in enumerate(rest, 1) if isinstance(each, ParseFailed)]
    assert len(failed) <= 1
    assert all(each == analyse(*source(number)) for number, each in enumerate(rest, 1) if number not in failed)


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


@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGKILL, "killed"), (signal.SIGABRT, "memory"), (signal.SIGSEGV, "crash")]
)
def test_the_cause_of_a_child_s_death_is_told(number: int, reason: str) -> None:
    with ParserProcess() as parser:
        outcomes = parser.parse_all([("text", b"x\n"), ("javascript", ENDLESS)])
        next(outcomes)
        os.kill(child_pid(parser), number)
        (failed,) = outcomes
    assert isinstance(failed, ParseFailed)
    assert failed.reason == reason


def test_a_child_that_nobody_waits_for_any_more_ends_by_itself() -> None:
    code = (
        "import pampax.codeintel.parser_process as p, sys; p.ORPHAN_S = 0.3;"
        "p._serve(sys.stdin.buffer, sys.stdout.buffer)"
    )
    orphan = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert orphan.stdin is not None
    orphan.stdin.write(frame(encode_request("javascript", ENDLESS)))
    orphan.stdin.close()
    assert orphan.wait(20) == -signal.SIGALRM


def test_a_child_that_gets_no_memory_in_python_says_so() -> None:
    with ParserProcess(memory_bytes=1) as starved, pytest.raises(ParseFailed) as failed:
        starved.parse("text", b"word and more words\n" * 50_000)
    assert failed.value.reason == "memory"
