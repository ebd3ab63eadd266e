"""A service from its start to its exit code, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc

from ...conftest import inherited  # noqa: TID252 - tests are no package

PROGRAM = Path(__file__).with_name("waiting_service.py")
SEARCH = "pampax.v1.SearchService"
REQUEST = pb.SearchChunksRequest(query="q")


@asynccontextmanager
async def running(*arguments, **variables):
    environment = {
        **inherited(counting=True),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PAMPAX_MODE": "embedded",
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def outcome(*arguments, **variables):
    """Exit code and lines of stderr of a process that ends by itself."""
    async with running(*arguments, **variables) as process:
        _, err = await process.communicate()
    return process.returncode, err.decode().splitlines()


async def until_serving(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    await stub.Check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)


async def test_sigterm_lets_the_call_in_flight_finish_and_says_not_serving(free_port, connected):
    async with running(PAMPAX_SEARCH__ADDRESS=f"127.0.0.1:{free_port}") as process, connected(free_port) as channel:
        await until_serving(channel)
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="pampax.v1.SearchService")
        )
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        asking = rpc.SearchServiceStub(channel).SearchChunks(REQUEST, timeout=30)
        assert await process.stdout.readline() == b"called\n"

        process.send_signal(signal.SIGTERM)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        process.stdin.write(b"finished\n")
        assert (await asking).intent == "finished"

        out, err = await process.communicate()
    assert process.returncode == 0
    assert out.decode().split("\n")[:2] == ["closed cache", "closed pool"]
    told = [json.loads(line)["msg"] for line in err.decode().splitlines() if line.startswith("{")]
    assert told[-3:] == ["stopping", "rpc", "stopped"]


async def test_a_second_signal_ends_it_at_once(free_port, connected):
    async with running(PAMPAX_SEARCH__ADDRESS=f"127.0.0.1:{free_port}") as process, connected(free_port) as channel:
        await until_serving(channel)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        await watch.read()
        asking = rpc.SearchServiceStub(channel).SearchChunks(REQUEST, timeout=30)
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        await watch.read()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == -signal.SIGTERM
        asking.cancel()


async def test_a_taken_port_is_one_line_and_exit_code_2():
    holder = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with holder:
        address = f"127.0.0.1:{holder.sockets[0].getsockname()[1]}"
        code, lines = await outcome(PAMPAX_SEARCH__ADDRESS=address)
    assert code == 2
    assert lines == [
        f"pampax search: cannot listen on {address}: another process has this port; stop it or choose another port"
    ]


async def test_all_mistakes_in_the_settings_are_told_at_once_and_without_a_traceback():
    code, lines = await outcome(PAMPAX_INDEXING__CONCURRENCY="many", PAMPAX_DATABASE__ULR="x", PAMPAX_MODE="bare")
    assert code == 2
    assert lines == [
        "pampax search: PAMPAX_DATABASE__ULR is not a setting; did you mean PAMPAX_DATABASE__URL?",
        (
            "pampax search: PAMPAX_INDEXING__CONCURRENCY is not right; "
            "it should be a number of indexing jobs at a time, 1..256"
        ),
        "pampax search: PAMPAX_MODE is not right; it should be embedded or server",
    ]


async def test_flags_and_a_file_are_settings_as_variables_are(free_port, connected, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(f'[log]\nformat = "console"\n[auth]\nkey_pepper = "{"ab" * 32}"\n')
    file.chmod(0o644)
    address = f"127.0.0.1:{free_port}"
    async with running("--config", str(file), "--search.address", address, PAMPAX_LOG__FORMAT="json") as process:
        async with connected(free_port) as channel:
            await until_serving(channel)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    told = [json.loads(line) for line in err.decode().splitlines()]
    assert f"chmod 600 {file}" in json.dumps(told[0])
    assert "abab" not in err.decode()


async def test_mistakes_of_file_variables_and_flags_are_told_together(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[log]\nlevel = 3\n")
    code, lines = await outcome("--config", str(file), "--log.levl", "x", "now", PAMPAX_MODE="bare")
    assert code == 2
    assert lines == [
        f"pampax search: {file}:2: log.level is not right; it should be debug, info, warning or error",
        "pampax search: PAMPAX_MODE is not right; it should be embedded or server",
        "pampax search: --log.levl is not a flag; did you mean --log.level?",
        "pampax search: now is not expected here; settings are given as --SECTION.NAME VALUE",
    ]


async def test_help_is_on_stdout_and_no_mistake():
    async with running("--help") as process:
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"--search.address" in out


async def test_what_nobody_foresaw_is_one_log_line_with_its_traceback_and_exit_code_6():
    code, lines = await outcome(PAMPAX_BOOTSTRAP__API_KEY="break")
    assert code == 6
    (line,) = [json.loads(each) for each in lines]
    assert line["level"] == "error"
    assert "RuntimeError: broken" in line["exception"]


@pytest.mark.parametrize("fmt", ["console", "json"])
async def test_an_interrupt_from_the_keyboard_is_a_clean_end(free_port, connected, fmt):
    address = f"127.0.0.1:{free_port}"
    async with running(PAMPAX_SEARCH__ADDRESS=address, PAMPAX_LOG__FORMAT=fmt) as process:
        async with connected(free_port) as channel:
            await until_serving(channel)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in err
