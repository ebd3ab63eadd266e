"""Starting and stopping systems of their own: side by side, without remains, with their data kept."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from .conftest import Cli


@pytest.fixture
def other(home: Path, pampax: Cli) -> Iterator[Cli]:
    """A second system beside the first, not started."""
    cli = Cli(home / "other", pampax.work_dir)
    yield cli
    cli("down")


# Four starts and stops: more than the usual limit where the machine is busy.
@pytest.mark.timeout(300)
def test_two_systems_live_side_by_side_and_a_stopped_one_leaves_only_its_data(
    pampax: Cli, other: Cli, shop: Path
) -> None:
    here, there = pampax("up", "--detach", "--json").json, other("up", "--detach", "--json").json
    assert not {here["endpoint"], here["token"]} & {there["endpoint"], there["token"]}

    assert other("repos", "list", "--json").json == {"repositories": []}
    assert pampax("health", "--endpoint", there["endpoint"], "--token", here["token"]).code == 2
    assert other("index", shop, "--name", "theirs").code == 0
    assert "theirs" not in pampax("repos", "list", "--quiet").out.split()

    assert other("down", "--json").json == {"stopped": True, "data_dir": str(other.data_dir)}
    assert _processes(other.data_dir) == []
    assert other("status", "--json").json["state"] == "stopped"
    assert other("down", "--json").json["stopped"] is False
    assert other("search", "x").code == 4
    assert pampax("health", "--quiet").code == 0

    foreground = other.start("up", "--json")
    assert foreground.stdout is not None
    assert json.loads(foreground.stdout.readline())["data_dir"] == str(other.data_dir)
    assert other("search", "retry", "-r", "theirs", "--quiet").out != ""
    foreground.send_signal(signal.SIGINT)
    out, err = foreground.communicate(timeout=60)
    assert (foreground.returncode, out, err) == (0, "", "")
    assert _processes(other.data_dir) == []


def test_a_port_in_use_is_one_line_and_leaves_nothing(other: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = other("up", "--detach", "--port", str(taken.getsockname()[1]))
    assert done.code == 2
    assert "is in use by another program" in done.err
    assert done.err.count("\n") == 1
    assert _processes(other.data_dir) == []


def test_a_data_dir_that_is_a_file_is_one_line(pampax: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = pampax("up", "--detach", "--data-dir", tmp_path / "file")
    assert done.code == 2
    assert "not a folder; choose another --data-dir" in done.err


def _processes(data_dir: Path) -> list[str]:
    """Everything alive that works in the folder or names it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "environ", "status"]):
        info = process.info
        known = [*(info["cmdline"] or ()), info["cwd"] or "", *(info["environ"] or {}).values()]
        if info["status"] != psutil.STATUS_ZOMBIE and any(str(data_dir) in text for text in known):
            found.append(f"{process.pid} {info['cmdline']}")
    return found
