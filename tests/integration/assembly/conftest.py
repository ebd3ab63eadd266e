"""Repositories indexed by the real run, and the real assembly and search services in front of them."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import grpc
import pytest

from pampax.assembly.linked import Links
from pampax.assembly.rpc import SERVICE, AssemblyServicer
from pampax.assembly.searching import Search
from pampax.assembly.service import AssemblyService
from pampax.core.identity import Caller, Role
from pampax.embedding.static import load_default
from pampax.indexing.model import IndexRequest
from pampax.indexing.records import request_document
from pampax.indexing.run.indexing import GitPolicy
from pampax.indexing.run.runner import Runner
from pampax.runtime.caller import enter_caller
from pampax.runtime.channel import call, call_for_stream, connect
from pampax.runtime.server import RunningServer, start
from pampax.runtime.settings import AuthSettings, Settings
from pampax.search import rpc as search_rpc
from pampax.search.gather import Sources
from pampax.search.graph.rpc import GraphServicer
from pampax.search.graph.service import GraphService
from pampax.search.service import SearchService
from pampax.storage.database import Database, SyncDatabase
from pampax.v1 import assembly_service_pb2 as pb
from pampax.v1 import assembly_service_pb2_grpc as pb_grpc
from pampax.v1 import graph_service_pb2_grpc as graph_grpc
from pampax.v1 import search_service_pb2_grpc as search_grpc

SECRET = "5e" * 32
SETTINGS = Settings(mode="embedded", auth=AuthSettings(caller_secret=SECRET))

SHOP = {
    "shop/payments.py": '''"""Payments: charging and refunding orders."""

from shop.ledger import book_entry
from shop.models import Order


class PaymentGateway:
    """Talks to the bank."""

    def charge(self, order: Order) -> str:
        """Charges the order's total and books it."""
        receipt = self._send("charge", order.total)
        book_entry(order, order.total)
        return receipt

    def refund(self, order: Order) -> str:
        """Gives the money of a charged order back."""
        receipt = self._send("refund", order.total)
        book_entry(order, -order.total)
        return receipt

    def _send(self, verb: str, amount: int) -> str:
        return f"{verb}:{amount}"
''',
    "shop/ledger.py": '''"""The ledger: every movement of money."""

ENTRIES: list[tuple[int, int]] = []


def book_entry(order, amount: int) -> None:
    """Books an amount against an order; negative amounts give money back."""
    ENTRIES.append((order.number, amount))
''',
    "shop/models.py": '''"""What a shop is about."""

from dataclasses import dataclass


@dataclass
class Order:
    """An order of a customer; the total is in cents."""

    number: int
    total: int
''',
    "shop/shelves.py": '"""Where goods lie."""\n\n\ndef shelf_of(article: str) -> int:\n    return len(article) % 7\n',
    "tests/test_payments.py": """from shop.models import Order
from shop.payments import PaymentGateway


def test_refund_gives_the_money_back():
    assert PaymentGateway().refund(Order(1, 500)) == "refund:500"
""",
    "README.md": "# Shop\n\nCharges and refunds orders. See `shop/payments.py`.\n\n```python\nimport shop\n```\n",
}


@dataclass(frozen=True)
class Repository:
    """A folder under a name in a tenant."""

    name: str
    folder: Path
    caller: Caller
    database: SyncDatabase
    mirrors: Path

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def index(self) -> None:
        operation_id, tenant_id = uuid4(), self.caller.tenant_id
        with self.database.tenant(tenant_id) as conn:
            conn.execute(
                "INSERT INTO operation (operation_id, repository_id, repository_name, request)"
                " SELECT %s, repository_id, name, %s FROM repository WHERE name = %s",
                [operation_id, json.dumps(request_document(IndexRequest("", False, None))), self.name],
            )
        runner = Runner(self.database, load_default(), GitPolicy(self.mirrors, allow_private=True))
        try:
            runner.run(operation_id, tenant_id)
        finally:
            runner._parsers.close()
        with self.database.tenant(tenant_id) as conn:
            row = conn.execute("SELECT state, error FROM operation WHERE operation_id = %s", [operation_id]).fetchone()
        assert row is not None
        assert row["state"] == "succeeded", row["error"]


@pytest.fixture(scope="module")
def new_repository(sync_database, tenant, tmp_path_factory) -> Callable[..., Repository]:
    """Makes and indexes a repository, in a new tenant or in that of another one."""

    def make(
        name: str, files: Mapping[str, str] = SHOP, *, beside: Repository | None = None, at: Path | None = None
    ) -> Repository:
        owner = tenant() if beside is None else None
        caller = beside.caller if beside else Caller(owner.tenant_id, owner.principal_id, Role.ADMIN, local=True)
        folder = at or tmp_path_factory.mktemp(name)
        with sync_database.tenant(caller.tenant_id) as conn:
            conn.execute(
                "INSERT INTO repository (name, source_kind, source) VALUES (%s, 'path', %s)", [name, str(folder)]
            )
        made = Repository(name, folder, caller, sync_database, tmp_path_factory.mktemp("mirrors"))
        made.write(files)
        made.index()
        return made

    return make


@pytest.fixture(scope="module")
async def search_server(database: Database) -> AsyncIterator[RunningServer]:
    """The real search service on a port of its own."""
    service = SearchService(Sources(database, load_default()))
    servicer = search_rpc.SearchServicer(service)
    graph = GraphServicer(GraphService(database, service.directories))

    def register(server: grpc.aio.Server) -> list[str]:
        search_grpc.add_SearchServiceServicer_to_server(servicer, server)
        graph_grpc.add_GraphServiceServicer_to_server(graph, server)
        return [search_rpc.SERVICE]

    running = await start("search", "127.0.0.1:0", register, SETTINGS)
    yield running
    await running.drain()


@dataclass(frozen=True)
class Client:
    """Calls AssembleBundle over the wire as a caller."""

    address: str

    async def bundle(self, caller: Caller | None, task: str = "how are orders refunded", **fields: object) -> pb.Bundle:
        return await self.ask(caller, pb.AssembleBundleRequest(task=task, **fields))

    async def parts(
        self, caller: Caller, request: pb.AssembleBundleRequest, *, markdown: bool = True, most: int | None = None
    ) -> list[pb.BundlePart]:
        """Those of StreamBundle; after `most` of them the call is left."""

        async def work() -> list[pb.BundlePart]:
            enter_caller(caller, SECRET)
            found: list[pb.BundlePart] = []
            async with connect(self.address) as channel:
                asked = pb.StreamBundleRequest(bundle=request, markdown=markdown)
                stub = pb_grpc.AssemblyServiceStub(channel)
                async with aclosing(call_for_stream(stub.StreamBundle, asked, timeout_s=20)) as parts:
                    async for part in parts:
                        found.append(part)
                        if len(found) == most:
                            break
            return found

        return await asyncio.create_task(work(), context=contextvars.Context())

    async def ask(self, caller: Caller | None, request: pb.AssembleBundleRequest) -> pb.Bundle:
        async def work() -> pb.Bundle:
            if caller is not None:
                enter_caller(caller, SECRET)
            async with connect(self.address) as channel:
                stub = pb_grpc.AssemblyServiceStub(channel)
                return await call(stub.AssembleBundle, request, timeout_s=20, retries=0)

        return await _in_own_context(work)


@pytest.fixture
def in_the_name_of():
    """Calls a method of a running server as a caller."""

    async def ask(caller: Caller, server: RunningServer, stub: type, method: str, request: object) -> object:
        async def work() -> object:
            enter_caller(caller, SECRET)
            async with connect(f"127.0.0.1:{server.port}") as channel:
                return await call(getattr(stub(channel), method), request, timeout_s=20, retries=0)

        return await asyncio.create_task(work(), context=contextvars.Context())

    return ask


async def _in_own_context(work: Callable[[], Awaitable[pb.Bundle]]) -> pb.Bundle:
    return await asyncio.create_task(work(), context=contextvars.Context())


@pytest.fixture(scope="module")
async def assembling(database: Database) -> AsyncIterator[Callable[[str], Awaitable[Client]]]:
    """`await assembling(search_address)`: a replica of the assembly service that asks that search."""
    async with AsyncExitStack() as parts:

        async def make(search_address: str, search: type[Search] = Search) -> Client:
            channel = await parts.enter_async_context(connect(search_address))
            service = AssemblyService(database, search(channel), Links(channel))
            parts.push_async_callback(service.close)

            def register(server: grpc.aio.Server) -> list[str]:
                pb_grpc.add_AssemblyServiceServicer_to_server(AssemblyServicer(service), server)
                return [SERVICE]

            running = await start("assembly", "127.0.0.1:0", register, SETTINGS)
            parts.push_async_callback(running.drain)
            return Client(f"127.0.0.1:{running.port}")

        yield make


@pytest.fixture(scope="module")
async def client(search_server, assembling) -> Client:
    return await assembling(f"127.0.0.1:{search_server.port}")


@pytest.fixture(scope="module")
def shop(new_repository) -> Repository:
    return new_repository("shop")


@pytest.fixture
def as_reader():
    """The same principal with less rights."""
    return lambda caller: replace(caller, role=Role.READER)
