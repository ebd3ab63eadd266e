"""`python -m pampax.assembly` as it runs in production."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ...conftest import inherited  # noqa: TID252 - tests are no package

MOST_RESIDENT_KB = 200 * 1024
START_LIMIT_S = 60.0


@pytest.fixture
def process(database_urls, search_server, free_tcp_port):
    environment = {
        **inherited(),  # without counting lines: that takes 6 MB of its own
        "PAMPAX_MODE": "embedded",
        "PAMPAX_DATABASE__URL": database_urls.service,
        "PAMPAX_AUTH__CALLER_SECRET": "5e" * 32,
        "PAMPAX_SEARCH__ADDRESS": f"127.0.0.1:{search_server.port}",
        "PAMPAX_ASSEMBLY__ADDRESS": f"127.0.0.1:{free_tcp_port}",
    }
    command = [sys.executable, "-m", "pampax.assembly"]
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    running.address = f"127.0.0.1:{free_tcp_port}"
    _await_line(running, '"msg": "serving"')
    yield running
    running.kill()
    running.wait()
    running.stderr.close()


def _await_line(running, wanted):
    give_up = time.monotonic() + START_LIMIT_S
    for line in running.stderr:
        if wanted in line:
            return
        assert time.monotonic() < give_up
    pytest.fail(f"the process ended with {running.wait()}")


def _peak_kb(running):
    """The most memory that was ever resident; 0 where the system does not tell."""
    status = Path(f"/proc/{running.pid}/status")
    lines = status.read_text().split("\n") if status.exists() else []
    return max((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), default=0)


async def test_it_answers_within_its_memory_and_ends_when_told(process, client, shop):
    other = type(client)(process.address)
    for tokenizer in ("o200k_base", "cl100k_base"):
        for budget in (256, 200_000):
            fields = {"token_budget": budget, "tokenizer": tokenizer}
            assert await other.bundle(shop.caller, **fields) == await client.bundle(shop.caller, **fields)
    assert _peak_kb(process) < MOST_RESIDENT_KB
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=START_LIMIT_S) == 0


def test_it_names_the_settings_that_it_lacks():
    environment = inherited(counting=True)
    done = subprocess.run(
        [sys.executable, "-m", "pampax.assembly"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "PAMPAX_DATABASE__URL is not set" in done.stderr
    assert "PAMPAX_AUTH__CALLER_SECRET is not set" in done.stderr
