"""The command run inside the test's process, away from any system that runs here."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.cli.main import main

from ..client.conftest import gateway  # noqa: TID252 - test folders are no packages with a name of their own

__all__ = ["gateway"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAMPAX_ENDPOINT", "PAMPAX_TOKEN", "PAMPAX_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PAMPAX_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, standard output and standard error of one run."""

    def called(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return called


@pytest.fixture
def run_on_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same with a standard output that says it is a terminal."""

    def called(*arguments: str) -> tuple[int, str, str]:
        # Not before: pytest puts another standard output in place between setup and test.
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        return run(*arguments)

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return called
