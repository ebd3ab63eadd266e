"""Work in a process of its own beside the service: its one answer comes as a message on the pipe, or as a status.

The service answers for its tenants; what reads and parses much belongs where it can be ended at any time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from google.protobuf.message import Message
from google.rpc import status_pb2

from pampax.core.errors import Internal, PampaxError
from pampax.runtime.errors_wire import from_status, to_status

REFUSED = 9  # the exit code that comes with a status
_END_WITHIN_S = 5.0


async def answer_of(module: str, arguments: Sequence[str], environment: Mapping[str, str], what: str) -> bytes:
    """The message that `python -m module` answers with, or the error that it tells. Cancelled, it ends the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=DEVNULL, stdout=PIPE, env=environment
    )
    try:
        answer, _ = await process.communicate()
    finally:
        await _ended(process)
    if process.returncode == REFUSED:
        raise from_status(status_pb2.Status.FromString(answer))
    if process.returncode:
        raise Internal(f"the {what} ended with exit code {process.returncode}; the service's log says why")
    return answer


def answer(work: Callable[[], Message]) -> int:
    """The process's half: its exit code, once the answer is written."""
    signal.signal(signal.SIGTERM, _stop)
    # Whatever is printed or logged on the way goes to stderr.
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with told:
        try:
            told.write(work().SerializeToString())
        except PampaxError as error:
            told.write(to_status(error).SerializeToString())
            return REFUSED
    return 0


def _stop(number: int, _frame: FrameType | None) -> None:
    """Ends what was started on the way: git, a parser, a scratch folder."""
    sys.exit(128 + number)


async def _ended(process: Process) -> None:
    """It ends git and parsers itself when it is told to go; one that does not go is killed."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_END_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
