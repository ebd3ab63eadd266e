import os
import signal
from pathlib import Path

import numpy as np
import pytest

from pampax.core.errors import Aborted
from pampax.embedding.beside import EmbeddingProcesses
from pampax.embedding.static import load_default

TEXTS = ["def retry(call):\n    call()", "", "größer als \ud800 nichts", "x" * 9_000, "\0 and 日本語"]


def test_another_process_gives_the_same_bytes() -> None:
    with EmbeddingProcesses(2) as beside:
        assert beside.embed_documents(TEXTS).tobytes() == load_default().embed_documents(TEXTS).tobytes()
        assert [beside.embed_documents(TEXTS[:count]).shape for count in (0, 1)] == [(0, 256), (1, 256)]
        many = [f"name_{number} reads {number} files" for number in range(3_000)]
        assert np.array_equal(beside.embed_documents(many), load_default().embed_documents(many))


def test_it_ends_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_DATABASE__URL", "postgresql://secret@host/db")
    with EmbeddingProcesses(2) as beside:
        child = beside._children[0]
        beside.embed_documents(["one"])
        assert b"PAMPAX_" not in Path(f"/proc/{child.pid}/environ").read_bytes()
    assert child.returncode == 0


def test_one_that_is_killed_is_told() -> None:
    with EmbeddingProcesses(2) as beside:
        beside.embed_documents(["one"])
        os.kill(beside._children[0].pid, signal.SIGKILL)
        beside._children[0].wait()
        with pytest.raises(Aborted, match="has ended: try again"):
            beside.embed_documents(["two"])
