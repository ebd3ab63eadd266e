"""What is written: plain tables, the excerpt of a result, lines of progress."""

import json
from pathlib import Path

import pytest

from pampax.cli.commands.assemble import write_whole
from pampax.cli.given import Given
from pampax.cli.indexing.progress import progress_of
from pampax.cli.screen import Screen
from pampax.cli.search_page import excerpt
from pampax.cli.session import Session


def test_a_piped_table_is_aligned_and_has_no_trailing_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(decorated=False).table(("NAME", "FILES", "SOURCE"), [("a", "1,200", "x"), ("bcd\n", "7", "")])
    assert capsys.readouterr().out == "NAME   FILES  SOURCE\na      1,200  x\nbcd\\n      7\n"


def test_piped_lines_have_no_decoration(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(decorated=False).line(("bold", "bold red"), " \x1b[0m")
    assert capsys.readouterr().out == "bold \\x1b[0m\n"


def test_what_a_terminal_would_obey_is_written_out_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(decorated=True)
    screen.text("a\x1b]0;title\x07\n")
    screen.line("b\x1b[2J")
    screen.code("c\x1b[2J", "python", 1)
    screen.table(("NAME",), [("d\x1b[2J",)])
    out = capsys.readouterr().out
    assert "\x1b[2J" not in out
    assert "\x1b]0" not in out
    assert out.count("\\x1b") == 4


def test_the_excerpt_shows_the_lines_with_most_words_of_the_question() -> None:
    lines = [f"line {number}" for number in range(20)]
    lines[12] = "def retryWithBackoff(): ..."
    before, shown = excerpt("\n".join(lines), "where are retries with backoff", count=3)
    assert before <= 12 < before + 3
    assert shown == lines[before : before + 3]


def test_the_excerpt_of_a_chunk_without_any_word_is_its_beginning() -> None:
    assert excerpt("a\nb\nc\nd\n", "nothing", count=2) == (0, ["a", "b"])
    assert excerpt("a\n", "nothing", count=5) == (0, ["a"])


def test_an_excerpt_begins_a_line_before_what_matches() -> None:
    text = "\n".join(f"line {number}" for number in range(20))
    assert excerpt(text, "line 3", [9], count=3) == (8, ["line 8", "line 9", "line 10"])
    assert excerpt(text, "line 3", [9, 12, 13], count=3)[0] == 11
    assert excerpt(text, "line 3", [19], count=3)[0] == 17


def test_progress_in_a_pipe_is_a_line_of_json_per_step(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of(Session(Given())) as report:
        report("queued", 0, 0)
        report("queued", 0, 0)
        report("parsing", 1, 10)
        report("parsing", 2, 10)
        report("parsing", 10, 10, 5.0, 0.5)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events == [
        {"event": "progress", "stage": "queued", "done": 0, "total": 0, "rate": 0.0, "remaining_s": None},
        {"event": "progress", "stage": "parsing", "done": 1, "total": 10, "rate": 0.0, "remaining_s": None},
        {"event": "progress", "stage": "parsing", "done": 10, "total": 10, "rate": 5.0, "remaining_s": 0.5},
    ]


def test_quiet_progress_is_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of(Session(Given(quiet=True))) as report:
        report("parsing", 1, 10)
    assert capsys.readouterr().out == ""


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "bundle.md"
    file.write_text("old")
    write_whole(file, "new\n")
    assert file.read_text() == "new\n"
    with pytest.raises(TypeError):
        write_whole(file, None)  # type: ignore[arg-type]
    assert file.read_text() == "new\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_called_by_its_own_name(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "bundle.md"
    with pytest.raises(FileNotFoundError) as failed:
        write_whole(file, "new\n")
    assert failed.value.filename == str(file)
