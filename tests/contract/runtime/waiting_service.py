"""A service as its own process, for tests of signals and exit codes: each search waits for a line on stdin."""

from __future__ import annotations

import asyncio
import sys

from pampax.runtime.process import main
from pampax.runtime.server import serve
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc


class Servicer(rpc.SearchServiceServicer):
    async def SearchChunks(self, request, context):  # noqa: N802 - the name is the protocol's
        say("called")
        line = await asyncio.to_thread(sys.stdin.readline)
        return pb.SearchChunksResponse(intent=line.strip())


def register(server):
    rpc.add_SearchServiceServicer_to_server(Servicer(), server)
    return ["pampax.v1.SearchService"]


def closing(part):
    async def close():
        say(f"closed {part}")

    return close


def say(word):
    print(word, flush=True)


async def run(settings):
    if settings.bootstrap.api_key == "break":
        raise RuntimeError("broken")
    await serve(
        "search",
        settings.search.address,
        register,
        settings,
        close=[closing("pool"), closing("cache")],
        authenticate=False,
    )


if __name__ == "__main__":
    main("search", run)
