"""The whole system as real processes, with Postgres and Redis, sending its spans to a collector in the test."""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pampax.embedded.ports import free_port

from ...conftest import (  # noqa: TID252 - tests are no package
    KEY_PEPPER,
    PASSWORDS,
    NewBroker,
    NewDatabase,
    inherited,
    make_tenant,
)
from .collector import Collector, running_collector

START_S = 60.0
DONE_S = 60.0
SOURCE = '''"""Charges cards."""


def charge_card_zanzibar(card: str, cents: int) -> str:
    """Charge a card, retried with backoff when the provider is busy."""
    return f"{card}:{cents}"
'''


@dataclass
class System:
    """Processes of one database. `secrets` is what no trace may hold."""

    environment: dict[str, str]
    folder: Path
    key: str
    secrets: tuple[str, ...]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, name: str = "", **changes: str) -> None:
        log = self.log_of(name or "-".join(arguments))
        settings = {f"PAMPAX_{key.upper()}": value for key, value in changes.items()}
        with log.open("ab") as output:
            command = [sys.executable, "-m", *arguments]
            self.started.append(
                subprocess.Popen(command, env=self.environment | settings, stdout=output, stderr=output)
            )

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def client(self, address: str = "", **options: Any) -> httpx.AsyncClient:
        where = address or self.environment["PAMPAX_GATEWAY__HTTP_ADDRESS"]
        return httpx.AsyncClient(
            base_url=f"http://{where}", headers={"authorization": f"Bearer {self.key}"}, timeout=30, **options
        )

    async def until_ready(self, address: str = "", parts: tuple[str, ...] = ()) -> None:
        give_up = time.monotonic() + START_S
        async with self.client(address) as client:
            while True:
                try:
                    report = (await client.get("/v1/health")).json()
                    states = {part["name"]: part["status"] for part in report["components"]}
                    if all(states[part] == "ok" for part in parts):
                        return
                except httpx.TransportError as error:
                    states = {"gateway": str(error)}
                logs = {log.stem: log.read_text()[-500:] for log in self.folder.glob("*.log")}
                assert time.monotonic() < give_up, f"{states} {logs}"
                await asyncio.sleep(0.2)

    async def indexed(self, client: httpx.AsyncClient, name: str, folder: Path) -> str:
        """Indexes the folder as a repository; the id of the trace that asked for it."""
        made = await client.post("/v1/repositories", json={"name": name, "source": {"path": str(folder)}})
        assert made.status_code in (200, 201), made.text
        trace_id = secrets.token_hex(16)
        headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01", "x-request-id": f"index-{name}"}
        asked = await client.post(f"/v1/repositories/{name}:index", json={}, headers=headers)
        assert asked.status_code < 300, asked.text
        give_up = time.monotonic() + DONE_S
        while not (operation := (await client.get(f"/v1/operations/{asked.json()['id']}")).json())["done"]:
            assert time.monotonic() < give_up, operation
            await asyncio.sleep(0.1)
        assert operation.get("error") is None, operation
        return trace_id

    def end(self) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@pytest.fixture(scope="module")
async def collector() -> AsyncIterator[Collector]:
    async with running_collector() as running:
        yield running


@pytest.fixture(scope="module")
def new_system(
    new_database: NewDatabase, new_broker: NewBroker, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Any]:
    """A database, addresses and settings; nothing runs yet."""

    @contextmanager
    def make(endpoint: str, **changes: str) -> Iterator[System]:
        caller_secret = secrets.token_hex(32)
        folder = tmp_path_factory.mktemp("tracing")
        with new_database() as urls, new_broker() as broker_url:
            tenant = make_tenant(urls.owner, local=True)
            addresses = {
                f"PAMPAX_{name}": f"127.0.0.1:{free_port()}"
                for name in (
                    "GATEWAY__HTTP_ADDRESS", "GATEWAY__GRPC_ADDRESS", "SEARCH__ADDRESS", "ASSEMBLY__ADDRESS",
                    "INDEXING__ADDRESS",
                )
            }  # fmt: skip
            environment = inherited() | {
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "PAMPAX_MODE": "embedded",
                "PAMPAX_DATABASE__URL": urls.service,
                "PAMPAX_REDIS__URL": broker_url,
                "PAMPAX_AUTH__KEY_PEPPER": KEY_PEPPER,
                "PAMPAX_AUTH__CALLER_SECRET": caller_secret,
                "PAMPAX_INDEXING__CACHE_DIR": str(folder / "cache"),
                "PAMPAX_TELEMETRY__OTLP_ENDPOINT": endpoint,
                **addresses,
                **{f"PAMPAX_{name.upper()}": value for name, value in changes.items()},
            }
            system = System(
                environment, folder, tenant.key, (tenant.key, caller_secret, KEY_PEPPER, PASSWORDS["pampax_service"])
            )
            try:
                yield system
            finally:
                system.end()

    return make


@pytest.fixture(scope="module")
async def system(new_system: Callable[..., Any], collector: Collector) -> AsyncIterator[System]:
    """All of it."""
    with new_system(collector.endpoint) as made:
        for service in ("search", "assembly", "indexing", "gateway"):
            made.start(f"pampax.{service}")
        made.start("pampax.indexing", "worker")
        await made.until_ready(parts=("database", "redis", "search", "assembly", "indexing"))
        yield made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a little code."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "payment.py").write_text(SOURCE)
    (folder / "basket.py").write_text(
        "import payment\n\n\ndef checkout():\n    return payment.charge_card_zanzibar('c', 1)\n"
    )
    return folder


@pytest.fixture(scope="module")
async def client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with system.client() as opened:
        yield opened


@pytest.fixture(scope="module")
async def index_trace(system: System, client: httpx.AsyncClient, shop: Path) -> str:
    """The trace of the run that has indexed the shop."""
    return await system.indexed(client, "shop", shop)
