"""Composition root: the only place that names the concrete parts of the search service."""

from __future__ import annotations

from pathlib import Path

from grpc import aio

from pampax.embedding.sentences import SentenceModel
from pampax.embedding.static import load_default
from pampax.runtime.server import serve
from pampax.runtime.settings import Settings
from pampax.search.gather import Sources
from pampax.search.graph import rpc as graph_rpc
from pampax.search.graph.rpc import GraphServicer
from pampax.search.graph.service import GraphService
from pampax.search.rpc import SERVICE, SearchServicer
from pampax.search.service import SearchService
from pampax.storage.database import Database
from pampax.storage.readiness import Readiness, open_patiently
from pampax.v1 import graph_service_pb2_grpc as graph_pb_grpc
from pampax.v1 import search_service_pb2_grpc as pb_grpc


async def run(settings: Settings) -> None:
    """Serves until it is told to stop."""
    settings.require("database.url", "auth.caller_secret")
    database = Database(settings.database.url, pool_max=settings.database.pool_max, component="search")
    folder = settings.search.reranker
    reranker = SentenceModel(Path(folder)) if folder else None
    service = SearchService(Sources(database, load_default(), reranker))
    graph = GraphService(database, service.directories)

    def register(server: aio.Server) -> list[str]:
        pb_grpc.add_SearchServiceServicer_to_server(SearchServicer(service), server)
        graph_pb_grpc.add_GraphServiceServicer_to_server(GraphServicer(graph), server)
        return [SERVICE, graph_rpc.SERVICE]

    readiness = Readiness(database)

    async def ready() -> bool:
        return await readiness.ready() and await service.warm()

    await open_patiently(database)
    await serve(
        "search", settings.search.address, register, settings, close=[database.close], ready=ready, tell=readiness.tell
    )
