"""Logging where there is no room for logs."""

import logging
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pampax.runtime.logging import configure_logging, get_logger

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_line_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    full = FULL.open("w", buffering=1)
    monkeypatch.setattr(sys, "stderr", full)
    configure_logging("test")
    get_logger().info("nobody will read this")
    logging.getLogger("library").warning("nor this")
    with suppress(OSError):  # what is still buffered cannot be written now either
        full.close()


def test_a_closed_stderr_stops_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = (tmp_path / "log").open("w")
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    configure_logging("test")
    get_logger().info("nobody will read this")
