# ruff: noqa: N802 - the contract names the methods of the servicers
"""A running gateway (a process of its own) with the real Postgres and Redis, and services behind it that can be told to
be slow, to fail or to answer in part. What they answer comes from the snapshots that Postgres has.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
import psycopg
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc

from pampax.core.errors import NotFound, PampaxError
from pampax.embedded.ports import free_port
from pampax.runtime.bundle_parts import pieces_of, summary_of
from pampax.runtime.caller import current_caller
from pampax.runtime.context import corr_id
from pampax.runtime.server import start
from pampax.runtime.settings import Settings
from pampax.storage.database import Database
from pampax.storage.snapshots import resolve
from pampax.v1 import (
    assembly_service_pb2,
    assembly_service_pb2_grpc,
    indexing_service_pb2,
    indexing_service_pb2_grpc,
    repository_pb2,
    search_service_pb2,
    search_service_pb2_grpc,
)

# The pepper of the keys that tests/conftest.py makes.
KEY_PEPPER = "3d1078c1e62e0711f64cece4a529368312d5d6e8e9d5d86a8281f1e8f78c3887"
CALLER_SECRET = secrets.token_hex(32)
START_S = 60.0


@dataclass
class Behaviour:
    """What the services behind do next, and what they were asked."""

    delay_s: float = 0.0
    error: PampaxError | None = None
    degraded: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    code: str = "1"
    text: str = ""
    late_error: PampaxError | None = None
    pieces: int = 1
    before_answer: Callable[[], Awaitable[None]] | None = None
    calls: list[str] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    corr_ids: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self, name: str, request: Any) -> None:
        self.calls.append(name)
        self.requests.append(request)
        self.corr_ids.append(corr_id.get())
        self.begun.set()
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if self.error is not None:
            raise self.error
        if self.before_answer is not None:
            await self.before_answer()


class FaultySearch(search_service_pb2_grpc.SearchServiceServicer):
    def __init__(self, behaviour: Behaviour, database: Database) -> None:
        self.behaviour = behaviour
        self.database = database

    async def SearchChunks(self, request, context):
        await self.behaviour.play("SearchChunks", request)
        snapshots = await snapshots_of(self.database, request.repositories, request.ref)
        return search_service_pb2.SearchChunksResponse(
            results=[result_in(snapshot) for snapshot in snapshots],
            intent=request.intent or "question",
            degraded=self.behaviour.degraded,
            notices=self.behaviour.notices,
            snapshots=snapshots,
        )

    async def ReadFile(self, request, context):
        await self.behaviour.play("ReadFile", request)
        (snapshot,) = await snapshots_of(self.database, [request.repository], request.ref)
        return search_service_pb2.ReadFileResponse(
            content="line\n", path=request.path, language="python", start_line=1, end_line=1, lines=1,
            blob_id="ce013625030ba8dba906f756967f9e9ca394464a", snapshot=snapshot,
        )  # fmt: skip


class FaultyAssembly(assembly_service_pb2_grpc.AssemblyServiceServicer):
    def __init__(self, behaviour: Behaviour, database: Database) -> None:
        self.behaviour = behaviour
        self.database = database

    async def StreamBundle(self, request, context):
        """A header, pieces one after another, and what `AssembleBundle` answers otherwise."""
        snapshots = await snapshots_of(self.database, request.bundle.repositories, request.bundle.ref)
        yield assembly_service_pb2.BundlePart(header=assembly_service_pb2.BundleHeader(snapshots=snapshots))
        await self.behaviour.play("StreamBundle", request)
        bundle = await self._bundle(request.bundle)
        for part in pieces_of(bundle):
            yield part
        if self.behaviour.late_error is not None:
            raise self.behaviour.late_error
        yield summary_of(bundle, markdown=request.markdown)

    async def AssembleBundle(self, request, context):
        await self.behaviour.play("AssembleBundle", request)
        return await self._bundle(request)

    async def _bundle(self, request):
        snapshots = await snapshots_of(self.database, request.repositories, request.ref)
        return assembly_service_pb2.Bundle(
            signature="" if self.behaviour.degraded else signature_of(request, snapshots, self.behaviour.code),
            markdown=f"# {request.task}\n{self.behaviour.text}",
            items=[
                assembly_service_pb2.BundleItem(
                    repository=snapshot.repository, path="a.py", start_line=1, end_line=2, language="python",
                    rendering=assembly_service_pb2.RENDERING_FULL, tokens=5, reason="matches", content="x = 1\ny = 2\n",
                    rank=rank,
                )
                for snapshot in snapshots for rank in range(1, self.behaviour.pieces + 1)
            ],
            budget=assembly_service_pb2.TokenBudget(
                limit=request.token_budget, used=9, tokenizer=request.tokenizer, exact=True
            ),
            stopping_reason="nothing_more_useful",
            degraded=self.behaviour.degraded,
            notices=self.behaviour.notices,
            snapshots=snapshots,
            versions=assembly_service_pb2.BundleVersions(code=self.behaviour.code, assembly=1, ranking="1"),
            timings=[assembly_service_pb2.StageTiming(stage="search", duration_ms=1.5)] if request.timings else (),
        )  # fmt: skip


def signature_of(request, snapshots, code: str) -> str:
    read = [(each.repository, each.ref, each.generation, each.build) for each in snapshots]
    return hashlib.sha256(f"{request.task} {request.token_budget} {read} {code}".encode()).hexdigest()


class FaultyIndexing(indexing_service_pb2_grpc.IndexingServiceServicer):
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def CreateRepository(self, request, context):
        await self.behaviour.play("CreateRepository", request)
        return repository_pb2.Repository(name=f"repositories/{request.repository_id}", source=request.repository.source)

    async def GetRepository(self, request, context):
        await self.behaviour.play("GetRepository", request)
        if request.name != "repositories/code":
            raise NotFound("no such repository", reason="REPOSITORY_NOT_FOUND")
        git_url = "https://git.example.com/code.git"
        return repository_pb2.Repository(name=request.name, source=repository_pb2.Source(git_url=git_url))

    async def IndexRepository(self, request, context):
        await self.behaviour.play("IndexRepository", request)
        return operations_pb2.Operation(name="operations/0198c0de-0000-7000-8000-000000000001")

    async def CreateUpload(self, request_iterator, context):
        messages = [message async for message in request_iterator]
        await self.behaviour.play("CreateUpload", messages)
        return indexing_service_pb2.CreateUploadResponse(
            upload="0198c0de-0000-7000-8000-000000000000",
            missing=[entry.blob for message in messages for entry in message.entries],
        )

    async def UploadBlobs(self, request_iterator, context):
        messages = [message async for message in request_iterator]
        await self.behaviour.play("UploadBlobs", messages)
        return indexing_service_pb2.UploadBlobsResponse(missing=0)


class FaultyOperations(operations_pb2_grpc.OperationsServicer):
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def GetOperation(self, request, context):
        await self.behaviour.play("GetOperation", request)
        return operations_pb2.Operation(name=request.name)


async def snapshots_of(database: Database, repositories, ref) -> list[search_service_pb2.SnapshotInfo]:
    caller = current_caller()
    names = [name.removeprefix("repositories/") for name in repositories] or None
    async with database.tenant(caller.tenant_id, read_only=True) as conn:
        found = await resolve(conn, caller.principal_id, names, ref)
    return [
        search_service_pb2.SnapshotInfo(
            repository=f"repositories/{each.repository}", ref=each.ref, commit=each.commit, generation=each.generation,
            build=each.build, publish_time_s=each.published_at,
        )
        for each in found
    ]  # fmt: skip


def result_in(snapshot: search_service_pb2.SnapshotInfo) -> search_service_pb2.SearchResult:
    return search_service_pb2.SearchResult(
        id="0" * 24, repository=snapshot.repository, ref=snapshot.ref, commit=snapshot.commit, path="a.py",
        start_line=1, end_line=3, language="python", kind="function", symbol="f", score=1.5, content="def f():\n",
        evidence=[search_service_pb2.Evidence(source="text", rank=1, score=1.5, value=3.0, detail="words")],
    )  # fmt: skip


@dataclass(frozen=True)
class Behind:
    """Addresses of the services behind the gateway, and their behaviour."""

    search: str
    assembly: str
    indexing: str
    behaviour: Behaviour


@pytest.fixture(scope="module")
async def behind(database_urls) -> AsyncIterator[Behind]:
    behaviour = Behaviour()
    database = Database(database_urls.service, pool_max=2, component="test")
    settings = Settings(
        mode="embedded",
        auth={"caller_secret": CALLER_SECRET},
        redis={"url": "redis://127.0.0.1:1/0"},
        indexing={"cache_dir": tempfile.gettempdir()},
    )
    ports = {name: free_port() for name in ("search", "assembly", "indexing")}

    def register_search(server):
        search_service_pb2_grpc.add_SearchServiceServicer_to_server(FaultySearch(behaviour, database), server)
        return ["pampax.v1.SearchService"]

    def register_assembly(server):
        assembly_service_pb2_grpc.add_AssemblyServiceServicer_to_server(FaultyAssembly(behaviour, database), server)
        return ["pampax.v1.AssemblyService"]

    def register_indexing(server):
        indexing_service_pb2_grpc.add_IndexingServiceServicer_to_server(FaultyIndexing(behaviour), server)
        operations_pb2_grpc.add_OperationsServicer_to_server(FaultyOperations(behaviour), server)
        return ["pampax.v1.IndexingService"]

    registers = {"search": register_search, "assembly": register_assembly, "indexing": register_indexing}
    running = [
        await start(name, f"127.0.0.1:{ports[name]}", register, settings) for name, register in registers.items()
    ]
    yield Behind(*(f"127.0.0.1:{ports[name]}" for name in ("search", "assembly", "indexing")), behaviour)
    for server in running:
        await server.drain()
    await database.close()


@pytest.fixture
def behaviour(behind: Behind) -> Iterator[Behaviour]:
    """The behaviour of the services behind, as new at the start and at the end of each test."""
    behind.behaviour.__init__()  # type: ignore[misc]  # the servicers hold this object
    yield behind.behaviour
    behind.behaviour.__init__()  # type: ignore[misc]  # see above


@dataclass(frozen=True)
class Gateway:
    """A running gateway process."""

    http: str
    grpc: str
    process: subprocess.Popen[bytes]
    log: Path

    def client(self, key: str = "", **options: Any) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(base_url=self.http, headers=headers, timeout=30, **options)

    def channel(self) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(self.grpc, options=[("grpc.max_receive_message_length", 64 << 20)])


def gateway_environment(database_url: str, redis_url: str, search: str, assembly: str, indexing: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        "PAMPAX_MODE": "embedded",
        "PAMPAX_DATABASE__URL": database_url,
        "PAMPAX_REDIS__URL": redis_url,
        "PAMPAX_AUTH__KEY_PEPPER": KEY_PEPPER,
        "PAMPAX_AUTH__CALLER_SECRET": CALLER_SECRET,
        "PAMPAX_GATEWAY__HTTP_ADDRESS": f"127.0.0.1:{free_port()}",
        "PAMPAX_GATEWAY__GRPC_ADDRESS": f"127.0.0.1:{free_port()}",
        "PAMPAX_SEARCH__ADDRESS": search,
        "PAMPAX_ASSEMBLY__ADDRESS": assembly,
        "PAMPAX_INDEXING__ADDRESS": indexing,
    }


@contextlib.asynccontextmanager
async def running_gateway(environment: dict[str, str], log: Path, probe: str = "/readyz") -> AsyncIterator[Gateway]:
    """Started and stopped without blocking the loop, in which the services behind run."""
    with log.open("wb") as output:
        command = [sys.executable, "-m", "pampax.gateway"]
        process = await asyncio.to_thread(subprocess.Popen, command, env=environment, stderr=output)
        gateway = Gateway(
            f"http://{environment['PAMPAX_GATEWAY__HTTP_ADDRESS']}",
            environment["PAMPAX_GATEWAY__GRPC_ADDRESS"],
            process,
            log,
        )
        try:
            await answers(gateway, probe)
            yield gateway
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 30)


async def answers(gateway: Gateway, probe: str) -> None:
    give_up = time.monotonic() + START_S
    async with gateway.client() as client:
        while time.monotonic() < give_up:
            assert gateway.process.poll() is None, gateway.log.read_text()
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(probe)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    pytest.fail(f"the gateway does not answer: {gateway.log.read_text()}")


async def reported(client: httpx.AsyncClient, status: str = "ok") -> dict[str, Any]:
    """The health report, once it has this status; the first one of a busy machine may find a part slow."""
    give_up = time.monotonic() + START_S
    report: dict[str, Any] = {}
    while time.monotonic() < give_up:
        report = (await client.get("/v1/health")).json()
        if report["status"] == status:
            return report
        await asyncio.sleep(0.2)
    pytest.fail(f"the system is not {status}: {report}")


@pytest.fixture(name="reported")
def _reported() -> Callable[..., Awaitable[dict[str, Any]]]:
    return reported


Environment = Callable[..., dict[str, str]]
StartGateway = Callable[..., contextlib.AbstractAsyncContextManager[Gateway]]


@pytest.fixture(scope="module")
def a_worker(database_urls) -> None:
    """One that is heard of for as long as the tests run."""
    later = "now() + interval '1 hour'"
    with psycopg.connect(database_urls.owner) as conn:
        conn.execute(
            "INSERT INTO worker_heartbeat (worker_id, host, pid, parent_pid, parent_seen_at, seen_at, version,"
            " concurrency, resident_bytes, memory_used_bytes, memory_limit_bytes, disk_free_bytes, disk_total_bytes)"
            f" VALUES (gen_random_uuid(), 'here', 2, 1, {later}, {later}, '1', 1, 1, 1, 100, 1000000000, 2000000000)"
        )


@pytest.fixture(scope="module")
def environment(database_urls, redis_url, behind, a_worker) -> Environment:
    """The settings of a gateway on ports of its own, with what a test changes: `redis__url="..."`."""

    def make(**changes: str) -> dict[str, str]:
        usual = gateway_environment(database_urls.service, redis_url, behind.search, behind.assembly, behind.indexing)
        return usual | {f"PAMPAX_{name.upper()}": value for name, value in changes.items()}

    return make


@pytest.fixture(scope="module")
def start_gateway(tmp_path_factory) -> StartGateway:
    def make(settings: dict[str, str], probe: str = "/readyz") -> contextlib.AbstractAsyncContextManager[Gateway]:
        return running_gateway(settings, tmp_path_factory.mktemp("gateway") / "log", probe)

    return make


@pytest.fixture(scope="module")
def nowhere() -> str:
    """An address where nothing listens."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
async def gateway(environment, start_gateway) -> AsyncIterator[Gateway]:
    async with start_gateway(environment()) as started:
        yield started


Publish = Callable[..., None]


@pytest.fixture(scope="module")
def publish(database_urls) -> Publish:
    """Publishes an empty snapshot of a repository: as new, or as its next generation."""

    def make(tenant, repository: str = "code", ref: str = "main", *, age_s: float = 0.0) -> None:
        values = {"tenant": tenant.tenant_id, "repository": repository, "ref": ref, "age": age_s}
        with psycopg.connect(database_urls.owner) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(tenant.tenant_id)])
            conn.execute("INSERT INTO build (version) VALUES ('b1') ON CONFLICT DO NOTHING")
            conn.execute(
                "INSERT INTO repository (tenant_id, name, source_kind) VALUES (%(tenant)s, %(repository)s, 'upload')"
                " ON CONFLICT DO NOTHING",
                values,
            )
            conn.execute(
                "WITH made AS (INSERT INTO snapshot (repository_id, build_id, tenant_id, live_chunks, live_files,"
                " chunk_count, file_count, term_count) SELECT r.repository_id, b.build_id, r.tenant_id, '', '', 0, 0, 0"
                " FROM repository r, build b WHERE r.name = %(repository)s AND b.version = 'b1'"
                " RETURNING repository_id, tenant_id, snapshot_id)"
                " INSERT INTO ref AS f (repository_id, name, tenant_id, snapshot_id, generation, published_at)"
                " SELECT repository_id, %(ref)s, tenant_id, snapshot_id, 1, now() - make_interval(secs => %(age)s)"
                " FROM made ON CONFLICT (repository_id, name) DO UPDATE SET snapshot_id = excluded.snapshot_id,"
                " generation = f.generation + 1, published_at = excluded.published_at",
                values,
            )

    return make


@pytest.fixture
def published(tenant, publish):
    """A tenant with one published repository called code."""
    made = tenant()
    publish(made)
    return made


@pytest.fixture
async def client(gateway: Gateway, published) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client(published.key) as opened:
        yield opened
