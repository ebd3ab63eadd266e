"""A file that fails on any machine after the same work."""

import pytest

from pampax.codeintel import parser_process


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of a parser process about `TALKATIVE` is too large."""
    monkeypatch.setattr(parser_process, "MAX_ANSWER_BYTES", 32_000)
