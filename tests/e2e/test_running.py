"""The system as `pampax up` runs it: found, described, healthy, and whole again after any of its processes dies."""

import os
import signal
import time
from pathlib import Path

import pytest

from .conftest import Cli

SERVICES = ("postgres", "valkey", "search", "assembly", "indexing", "worker", "gateway")
HEALTHY_WITHIN_S = 60.0


def test_a_second_up_finds_the_running_system(pampax: Cli) -> None:
    first = pampax("up", "--detach", "--json").json
    assert list(first) == ["endpoint", "token", "data_dir"]
    assert first["data_dir"] == str(pampax.data_dir)
    assert pampax("up", "--json").json == first
    assert "PAMPAX runs already" in pampax("up").out


def test_a_running_system_is_not_moved_to_another_port(pampax: Cli) -> None:
    done = pampax("up", "--detach", "--port", "8")
    assert done.code == 2
    assert "`pampax down` first" in done.err


def test_status_names_every_process(pampax: Cli) -> None:
    status = pampax.until_ready()
    assert list(status) == ["state", "endpoint", "data_dir", "services"]
    assert {service["name"] for service in status["services"]} == set(SERVICES)
    fields = ["name", "pid", "address", "state", "restarts", "metrics"]
    assert all(list(service) == fields for service in status["services"])
    assert pampax("status").out.startswith("ready  http://127.0.0.1:")


def test_health_is_ok_with_every_part_checked(pampax: Cli) -> None:
    pampax.until_ready()
    give_up = time.monotonic() + HEALTHY_WITHIN_S
    while (health := pampax("health", "--json").json)["status"] != "ok":  # a busy machine may find a part slow
        assert time.monotonic() < give_up, health
    assert [part["name"] for part in health["components"]] == [
        "database", "migrations", "redis", "gateway", "search", "assembly", "indexing", "workers", "queue", "index",
        "memory", "disk", "configuration",
    ]  # fmt: skip
    assert pampax("health", "--quiet").out == ""
    worker = pampax("health", "--service", "worker", "--json").json
    assert [part["name"] for part in worker["components"]][:2] == ["workers", "queue"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_process_comes_back_and_answers(pampax: Cli, shop: Path, name: str) -> None:
    pid = _pid(pampax.until_ready(), name)
    os.kill(pid, signal.SIGKILL)
    pampax.until_ready(lambda status: _pid(status, name) not in (pid, None))
    found = pampax("search", "retry with backoff", "-r", "shop", "--json").json
    assert found["results"][0]["path"] == "shop/payment.py"
    if name == "worker":
        assert pampax("index", shop).events[-1]["event"] == "done"


def test_a_wrong_key_is_refused_in_one_line(pampax: Cli) -> None:
    done = pampax("repos", "list", "--token", "pampax_wrong")
    assert (done.code, done.out) == (2, "")
    assert done.err == "pampax: the API key is not valid; ask an admin for another one\n"


def test_nobody_at_the_endpoint_is_said_with_advice(pampax: Cli) -> None:
    done = pampax("health", "--endpoint", "http://127.0.0.1:9", "--token", "pampax_k")
    assert done.code == 4
    assert done.err == "pampax: nothing answers at http://127.0.0.1:9: start it with `pampax up`, or give --endpoint\n"


def test_endpoint_and_key_may_come_from_the_configuration(pampax: Cli, tmp_path: Path) -> None:
    running = pampax("up", "--detach", "--json").json
    (tmp_path / "key").write_text(running["token"])
    (tmp_path / "pampax.toml").write_text(f'[client]\nendpoint = "{running["endpoint"]}"\ntoken_file = "key"\n')
    elsewhere = {"PAMPAX_DATA_DIR": str(tmp_path / "nothing")}
    assert pampax("repos", "list", cwd=tmp_path, **elsewhere).code == 0
    assert pampax("repos", "list", cwd=tmp_path.parent, **elsewhere).code == 4


def _pid(status: dict, name: str) -> int | None:
    return next(service["pid"] for service in status["services"] if service["name"] == name)
