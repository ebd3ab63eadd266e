"""The indexing service and its workers as real processes, and a run of one operation in the test's own process."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import psycopg
import pytest
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.protobuf.duration_pb2 import Duration
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pampax.core.identity import Caller, Role
from pampax.embedded.ports import free_port
from pampax.embedding.static import load_default
from pampax.indexing.run.indexing import GitPolicy
from pampax.indexing.run.runner import Runner
from pampax.runtime.caller import CALLER_KEY, sign_caller
from pampax.runtime.channel import connect
from pampax.runtime.errors_wire import from_rpc_error
from pampax.storage.database import SyncDatabase
from pampax.v1 import indexing_service_pb2 as pb
from pampax.v1 import repository_pb2
from pampax.v1.indexing_service_pb2_grpc import IndexingServiceStub

from ...conftest import (  # noqa: TID252 - tests are no package
    DatabaseUrls,
    NewBroker,
    NewDatabase,
    inherited,
    make_tenant,
)
from .systems import System, started_system

SECRET = secrets.token_hex(32)
START_S = 60.0
CALL_S = 60.0
DONE_S = 60


@dataclass
class Client:
    """Calls the service as one caller; errors are the ones that were raised over there."""

    channel: grpc.aio.Channel
    caller: Caller
    stub: Any = field(init=False)
    operations: Any = field(init=False)

    def __post_init__(self) -> None:
        self.stub, self.operations = IndexingServiceStub(self.channel), OperationsStub(self.channel)

    async def ask(self, method: Any, request: Any, timeout_s: float = CALL_S) -> Any:
        try:
            return await method(request, timeout=timeout_s, metadata=((CALLER_KEY, sign_caller(self.caller, SECRET)),))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def create(self, name: str, **source: Any) -> repository_pb2.Repository:
        patterns = {key: source.pop(key) for key in ("include", "exclude") if key in source}
        repository = repository_pb2.Repository(source=repository_pb2.Source(**source), **patterns)
        return await self.ask(
            self.stub.CreateRepository, pb.CreateRepositoryRequest(repository_id=name, repository=repository)
        )

    async def get(self, name: str) -> repository_pb2.Repository:
        return await self.ask(self.stub.GetRepository, pb.GetRepositoryRequest(name=f"repositories/{name}"))

    async def delete(self, name: str) -> None:
        await self.ask(self.stub.DeleteRepository, pb.DeleteRepositoryRequest(name=f"repositories/{name}"))

    async def index(self, name: str, **request: Any) -> operations_pb2.Operation:
        return await self.ask(
            self.stub.IndexRepository, pb.IndexRepositoryRequest(name=f"repositories/{name}", **request)
        )

    async def operation(self, name: str) -> operations_pb2.Operation:
        return await self.ask(self.operations.GetOperation, operations_pb2.GetOperationRequest(name=name))

    async def done(self, operation: operations_pb2.Operation) -> operations_pb2.Operation:
        """The operation when it has ended, within DONE_S."""
        give_up = time.monotonic() + DONE_S
        while not operation.done and time.monotonic() < give_up:
            request = operations_pb2.WaitOperationRequest(name=operation.name, timeout=Duration(seconds=5))
            operation = await self.ask(self.operations.WaitOperation, request)
        assert operation.done, operation
        return operation

    async def indexed(self, name: str, **request: Any) -> pb.IndexRepositoryResponse:
        """The response of an index run that succeeds."""
        return response_of(await self.done(await self.index(name, **request)))


def response_of(operation: operations_pb2.Operation) -> pb.IndexRepositoryResponse:
    assert not operation.HasField("error"), operation.error
    response = pb.IndexRepositoryResponse()
    assert operation.response.Unpack(response)
    return response


def metadata_of(operation: operations_pb2.Operation) -> pb.IndexOperationMetadata:
    metadata = pb.IndexOperationMetadata()
    assert operation.metadata.Unpack(metadata)
    return metadata


@dataclass
class Processes:
    """Starts `python -m pampax.indexing ...` with the settings of one database, broker and folder."""

    environment: dict[str, str]
    folder: Path
    address: str
    urls: DatabaseUrls
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    async def client(self, *, role: Role | None = Role.ADMIN, local: bool = True, channel: Any = None) -> Client:
        """The one principal of a new tenant, once the service answers."""
        made = make_tenant(self.urls.owner, role=role.value if role else None, local=local)
        if channel is None:
            channel = await channel_to(self.address)
            self.channels.append(channel)
        return Client(channel, Caller(made.tenant_id, made.principal_id, role or Role.READER, local=local))

    def start(self, *arguments: str, name: str = "", **settings: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name or '-'.join(arguments[:1]) or 'service'}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pampax.indexing", *arguments],
                env=self.environment | settings, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def end(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM, timeout_s: float = 15) -> int:
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise

    def end_all(self) -> None:
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """The process and its children, as a machine that loses power would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


NewProcesses = Callable[..., AbstractAsyncContextManager[Processes]]


@pytest.fixture(scope="session")
def new_processes(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase, new_broker: NewBroker
) -> NewProcesses:
    """A place to start processes in, with a database and a broker of its own; `broker` names another one.

    Their lines are counted where a whole file of tests shares them.
    """

    @asynccontextmanager
    async def make(*, broker: str | None = None, counting: bool = False) -> AsyncIterator[Processes]:
        folder = tmp_path_factory.mktemp("indexing")
        address = f"127.0.0.1:{free_port()}"
        with new_database() as urls, new_broker() as own:
            environment = inherited(counting=counting) | {
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "PAMPAX_MODE": "embedded",
                "PAMPAX_DATABASE__URL": urls.service,
                "PAMPAX_REDIS__URL": own if broker is None else broker,
                "PAMPAX_AUTH__CALLER_SECRET": SECRET,
                "PAMPAX_INDEXING__ADDRESS": address,
                "PAMPAX_INDEXING__CACHE_DIR": str(folder / "cache"),
            }
            processes = Processes(environment, folder, address, urls)
            try:
                yield processes
            finally:
                for channel in processes.channels:
                    await channel.close()
                await asyncio.to_thread(processes.end_all)

    return make


@pytest.fixture(scope="module")
async def processes(new_processes: NewProcesses) -> AsyncIterator[Processes]:
    """A service and a worker for the module's tests to share."""
    async with new_processes(counting=True) as made:
        made.start()
        made.start("worker")
        yield made


async def channel_to(address: str) -> grpc.aio.Channel:
    channel = connect(address)
    give_up = time.monotonic() + START_S
    while channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
        assert time.monotonic() < give_up, "the service does not start"
        await asyncio.sleep(0.05)
    return channel


@pytest.fixture(scope="module")
async def channel(processes: Processes) -> AsyncIterator[grpc.aio.Channel]:
    opened = await channel_to(processes.address)
    yield opened
    await opened.close()


@pytest.fixture
async def client(processes: Processes, channel: grpc.aio.Channel) -> Client:
    """An admin with a local key, in a tenant of its own."""
    return await processes.client(channel=channel)


@dataclass
class Bench:
    """One repository of one tenant, indexed in this process."""

    database: SyncDatabase
    owner_url: str
    tenant_id: UUID
    repository_id: int
    runner: Runner

    def operation(self, *, ref: str = "", full: bool = False) -> UUID:
        """A queued operation."""
        operation_id = uuid4()
        self.execute(
            "INSERT INTO operation (operation_id, repository_id, repository_name, request)"
            " SELECT %s, repository_id, name, %s FROM repository WHERE repository_id = %s",
            [operation_id, Jsonb({"ref": ref, "full": full, "upload": ""}), self.repository_id],
        )
        return operation_id

    def index(self, *, ref: str = "", full: bool = False) -> dict[str, Any]:
        """The operation's row after a run."""
        operation_id = self.operation(ref=ref, full=full)
        self.runner.run(operation_id, self.tenant_id)
        return self.row(operation_id)

    def row(self, operation_id: UUID) -> dict[str, Any]:
        (row,) = self.query("SELECT * FROM operation WHERE operation_id = %s", [operation_id])
        return row

    def query(self, statement: str, parameters: Any = None) -> list[dict[str, Any]]:
        with self.database.tenant(self.tenant_id) as conn:
            return conn.execute(statement, parameters).fetchall()

    def execute(self, statement: str, parameters: Any = None) -> None:
        with self.database.tenant(self.tenant_id) as conn:
            conn.execute(statement, parameters)


NewBench = Callable[..., Bench]


@pytest.fixture
def new_bench(
    sync_database: SyncDatabase, database_urls: Any, tenant: Callable[..., Any], tmp_path: Path
) -> Iterator[NewBench]:
    """Makes a repository of a folder or a git URL, in a tenant of its own."""
    runners = []

    def make(source: Path | str) -> Bench:
        tenant_id = tenant().tenant_id
        with psycopg.connect(database_urls.owner, row_factory=dict_row) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(tenant_id)])
            row = conn.execute(
                "INSERT INTO repository (name, source_kind, source) VALUES ('repo', %s, %s) RETURNING repository_id",
                ["path" if isinstance(source, Path) else "git_url", str(source)],
            ).fetchone()
        assert row is not None
        # A pool of its own: the runner closes it.
        database = SyncDatabase(database_urls.service, pool_max=3, component="test-worker")
        runner = Runner(database, load_default(), GitPolicy(tmp_path / "mirrors", allow_private=True))
        runners.append(runner)
        return Bench(sync_database, database_urls.owner, tenant_id, row["repository_id"], runner)

    yield make
    for runner in runners:
        runner.close()


@pytest.fixture(scope="module")
def system(
    database_urls: DatabaseUrls, tenant: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """For a file of properties."""
    with started_system(database_urls.service, tenant(), tmp_path_factory.mktemp("system")) as started:
        yield started
