import json

import pytest

from pampax.embedded.awaiting import MOST_CHARS, _last_words, _said
from pampax.embedded.layout import DataDir

FAILED = {
    "msg": "the process failed",
    "exception": "Traceback (most recent call last):\n  File x\nValueError: no such port",
}


@pytest.fixture
def data_dir(tmp_path):
    (tmp_path / "log").mkdir()
    return DataDir(tmp_path)


def test_a_traceback_comes_to_its_last_line():
    assert _said(json.dumps(FAILED)) == "the process failed: ValueError: no such port"


@pytest.mark.parametrize("line", ["FATAL: data directory is locked", "[1, 2]", "{", '{"level": "info"}', "7"])
def test_other_lines_stay_as_they_are(line):
    assert _said(line) == line


def test_a_long_line_is_cut():
    assert len(_said("x" * 10_000)) == MOST_CHARS


def test_what_is_said_again_and_again_is_told_once(data_dir):
    data_dir.log_of("gateway").write_text((json.dumps(FAILED) + "\n") * 3)
    assert _last_words(data_dir, "gateway").splitlines()[1:] == ["  the process failed: ValueError: no such port"]


def test_an_empty_log_is_said_to_be_empty(data_dir):
    assert _last_words(data_dir, "gateway").endswith("is empty")
