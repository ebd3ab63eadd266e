"""Composition root of the gRPC service: the only place that names its concrete parts."""

from __future__ import annotations

import os

from google.longrunning import operations_pb2_grpc
from grpc import aio

from pampax.indexing.broker import Broker
from pampax.indexing.builds.service import Builds
from pampax.indexing.checking.service import Checks
from pampax.indexing.contexts.rpc import SERVICE as CONTEXT_SERVICE
from pampax.indexing.contexts.rpc import ContextServicer
from pampax.indexing.contexts.service import Contexts
from pampax.indexing.credentials.new_key import NewKey
from pampax.indexing.credentials.sealing import Sealer
from pampax.indexing.freshness import Freshnesses
from pampax.indexing.operations import Operations
from pampax.indexing.planning.service import Plans
from pampax.indexing.reaper import Reaper
from pampax.indexing.repositories import Repositories
from pampax.indexing.rpc import SERVICE, IndexingServicer
from pampax.indexing.rpc_operations import SERVICE as OPERATIONS_SERVICE
from pampax.indexing.rpc_operations import OperationsServicer
from pampax.indexing.scip.service import ScipIndexes
from pampax.indexing.uploads import Uploads
from pampax.runtime.configuration.environment import child_environment
from pampax.runtime.server import serve
from pampax.runtime.settings import Settings
from pampax.storage.database import Database
from pampax.storage.readiness import Readiness, open_patiently
from pampax.v1 import context_service_pb2_grpc, indexing_service_pb2_grpc

COMPONENT = "indexing"


async def run(settings: Settings) -> None:
    """Serves until it is told to stop. Postgres and Redis may come later than it, and go and come back."""
    settings.require("database.url", "auth.caller_secret")
    database = Database(settings.database.url, pool_max=settings.database.pool_max, component=COMPONENT)
    broker = Broker(settings.redis.url)
    environment = child_environment(settings, os.environ)
    reaper = Reaper(database, broker, environment)
    operations = Operations(database, reaper.enqueue)
    sealer = Sealer(settings.indexing.credential_keys)
    new_key = NewKey(database, sealer)
    repositories = Repositories(database, sealer, allow_private_git=settings.indexing.allow_private_git)
    uploads = Uploads(database)
    plans = Plans(database, environment)
    checks = Checks(database, environment, settings.indexing.check_every_s)
    freshness = Freshnesses(
        database,
        settings.indexing.cache_dir / "mirrors",
        sealer,
        allow_private=settings.indexing.allow_private_git,
        own_credentials=settings.mode == "embedded",
    )

    def register(server: aio.Server) -> list[str]:
        builds = Builds(database)
        scip = ScipIndexes(database)
        servicer = IndexingServicer(repositories, operations, uploads, plans, freshness, builds, checks, scip)
        indexing_service_pb2_grpc.add_IndexingServiceServicer_to_server(servicer, server)
        operations_pb2_grpc.add_OperationsServicer_to_server(OperationsServicer(operations), server)
        context_service_pb2_grpc.add_ContextServiceServicer_to_server(ContextServicer(Contexts(database)), server)
        reaper.start()
        new_key.start()
        checks.start()
        return [SERVICE, OPERATIONS_SERVICE, CONTEXT_SERVICE]

    readiness = Readiness(database)
    await open_patiently(database)
    await serve(
        COMPONENT,
        settings.indexing.address,
        register,
        settings,
        close=[database.close, broker.close, reaper.close, new_key.close, checks.close],
        ready=readiness.ready,
        tell=readiness.tell,
    )
