"""How much memory an embedded cluster may take to build an index."""

from types import SimpleNamespace

import psutil
import pytest

from pampax.embedded.postgres import _memory_settings


@pytest.mark.parametrize(("machine_gb", "setting"), [(1, "256MB"), (8, "512MB"), (12, "768MB"), (64, "1024MB")])
def test_a_sixteenth_of_the_machine_within_bounds(
    monkeypatch: pytest.MonkeyPatch, machine_gb: int, setting: str
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=machine_gb << 30))
    assert _memory_settings() == {"maintenance_work_mem": setting}
