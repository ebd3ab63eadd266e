"""A bundle in parts: what it is made from at once, its pieces in order of value as soon as they are chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from pampax.assembly.bundle import Bundle, Header


async def in_parts(
    assemble: Callable[[Callable[[Header], None]], Awaitable[Bundle]],
) -> AsyncGenerator[Header | Bundle]:
    """Headers as they become known, the bundle last. Closing it ends the work; a slow reader holds none of it up."""
    known: asyncio.Queue[Header | None] = asyncio.Queue()  # as many as there are tries at the most

    async def work() -> Bundle:
        try:
            return await assemble(known.put_nowait)
        finally:
            known.put_nowait(None)

    working = asyncio.create_task(work())
    try:
        while (header := await known.get()) is not None:
            yield header
        yield await working
    finally:
        working.cancel()
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()  # told already, or nobody waits for it any more
