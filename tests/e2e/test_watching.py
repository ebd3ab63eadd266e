"""Following an operation as a script does: with curl, until it ends."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")


def watch(pampax: Cli, operation: str, *options: str) -> subprocess.CompletedProcess[str]:
    status = pampax("up", "--detach", "--json").json
    command = ["curl", "-sSN", "--max-time", "60", "-w", "%{http_code}", *options]
    key = ["-H", f"authorization: Bearer {status['token']}"]
    url = f"{status['endpoint']}/v1/operations/{operation}:watch"
    return subprocess.run([*command, *key, url], capture_output=True, text=True, timeout=90, check=True)


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(id, document) of each event."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":") and ": " in line)
        if "data" in fields:
            found.append((fields["id"], json.loads(fields["data"])))
    return found


def test_a_stream_tells_each_stage_and_ends_with_the_result(pampax: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    for number in range(400):
        path = folder / f"p{number % 9}" / f"m{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"def f{number}_{n}(x):\n    return x + {n}\n\n\n" for n in range(20)))
    (started,) = pampax("index", folder, "--no-wait").events
    watched = watch(pampax, started["operation"])
    assert watched.stdout.startswith("retry: 1000\n\n")
    assert watched.stdout.endswith("200")
    events = events_of(watched.stdout.removesuffix("200"))
    ids, documents = zip(*events, strict=True)
    assert len(set(ids)) == len(ids)
    assert [each["done"] for each in documents] == [False] * (len(documents) - 1) + [True]
    assert documents[-1]["state"] == "succeeded"
    assert documents[-1]["result"]["status"]["files"] == 400
    again = watch(pampax, started["operation"], "-H", f"last-event-id: {ids[-1]}")
    assert again.stdout == "204"
