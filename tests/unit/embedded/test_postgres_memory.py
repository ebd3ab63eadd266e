"""How much memory an embedded cluster may take for its pages and to build an index."""

from types import SimpleNamespace

import psutil
import pytest

from pampax.embedded.postgres import _memory_settings


@pytest.mark.parametrize(
    ("machine_gb", "buffers", "work"),
    [(1, "128MB", "256MB"), (4, "256MB", "256MB"), (12, "384MB", "768MB"), (64, "384MB", "1024MB")],
)
def test_a_sixteenth_of_the_machine_within_bounds(
    monkeypatch: pytest.MonkeyPatch, machine_gb: int, buffers: str, work: str
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=machine_gb << 30))
    assert _memory_settings() == {"shared_buffers": buffers, "maintenance_work_mem": work}
