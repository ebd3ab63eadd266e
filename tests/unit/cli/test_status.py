"""What `pampax status` makes of the state that a system here left behind."""

import fcntl
import json
import os
from pathlib import Path

import psutil
import pytest

from pampax.embedded.layout import DataDir
from pampax.embedded.state import ServicePhase, ServiceState, SystemPhase, SystemState, write_state

from ..client.conftest import Gateway, Told  # noqa: TID252 - see conftest
from .conftest import Run

RUNNING = ServiceState("search", "127.0.0.1:1", os.getpid(), psutil.Process().create_time(), ServicePhase.READY, 2)


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    """One whose services run."""
    made = DataDir(tmp_path / "data")
    made.prepare()
    state = SystemState(
        state=SystemPhase.READY,
        endpoint="http://127.0.0.1:17000",
        token="pampax_local",
        data_dir=str(made.root),
        services=(RUNNING,),
    )
    write_state(made.state_file, state)
    return made


def test_services_that_no_supervisor_watches_are_told_to_be_so(data_dir: DataDir, run: Run) -> None:
    code, out, err = run("status")
    assert (code, out.splitlines()[0]) == (0, "degraded  http://127.0.0.1:17000")
    assert err == "no supervisor watches it: `pampax up --detach` brings one back\n"


def test_a_watched_system_gets_no_advice(data_dir: DataDir, run: Run) -> None:
    with data_dir.lock_file.open("w") as supervisor:
        fcntl.flock(supervisor, fcntl.LOCK_EX)
        code, out, err = run("status")
    assert (code, out.splitlines()[0], err) == (0, "ready  http://127.0.0.1:17000", "")


def test_json_counts_the_restarts(data_dir: DataDir, run: Run) -> None:
    (service,) = json.loads(run("status", "--json")[1])["services"]
    assert (service["name"], service["restarts"]) == ("search", 2)


def test_a_source_that_does_not_answer_leaves_the_rest_of_the_status(run: Run, gateway: Gateway) -> None:
    status = {
        "ref": "main",
        "commit": "",
        "dirty": False,
        "generation": 1,
        "build": "1",
        "publish_time": "",
        "age_s": 3,
    }
    source = {"source": {"upload": True}, "include": [], "exclude": [], "create_time": "", "default_ref": "main"}
    repository = {"name": "shop", **source, "refs": [{**status, "files": 1, "chunks": 1, "skipped": {}}]}
    late = {"status": 504, "reason": "DEADLINE_EXCEEDED", "detail": "no answer within 10 s", "title": "late"}
    gateway.will(Told(repository), Told({"operations": [], "next_page_token": ""}), Told(late, 504))
    code, out, _ = run("--endpoint", gateway.endpoint, "--token", "k", "status", "shop")
    assert (code, out.splitlines()[-1]) == (0, "unknown: no answer within 10 s")
