"""Long work: waiting for it while telling how far it is, and what came of it."""

from __future__ import annotations

import asyncio
import time

from pydantic import Field

from pampax.client.repository import FileProblem, Operation
from pampax.core.errors import DeadlineExceeded, Internal, ResourceExhausted, Unavailable
from pampax.mcp import words
from pampax.mcp.services import Services
from pampax.mcp.tool import Outcome, Result, Tell

# A client that reads no progress gives up sooner than that, one that does has heard of us all the time.
WAIT_S = 840.0
LOOK_EVERY_S = 0.5
# Without a change a line still tells that somebody works.
TELL_EVERY_S = 10.0
# A service that is restarted is back within that time; the work goes on meanwhile.
PATIENCE_S = 60.0
_SHOWN_PROBLEMS = 10


class Problem(Result):
    """A file that is indexed by its lines only, or not at all."""

    path: str
    reason: str
    by_lines: bool


class Run(Result):
    """A run of indexing as it stands. What is published is told when it has succeeded."""

    repo: str
    operation: str
    state: str = Field(description="queued, running, succeeded, partial, failed or cancelled")
    stage: str
    done: int
    total: int
    ref: str = ""
    commit: str = ""
    generation: int = 0
    files: int = 0
    chunks: int = 0
    new_files: int = 0
    changed: bool = False
    skipped: dict[str, int] = Field(default_factory=dict)
    problems: list[Problem] = Field(default_factory=list)
    problem_count: int = 0
    left_out: int = 0


async def run_of(services: Services, operation: Operation, tell: Tell, *, wait: bool) -> Operation:
    """The operation when it has succeeded, or as it stands when nobody is to wait or the time is over. Raises its error
    when it has failed."""
    if wait:
        operation = await _ended(services, operation, tell)
    if operation.done and operation.state not in ("succeeded", "partial"):
        raise failure_of(operation)
    return operation


def failure_of(operation: Operation) -> Exception:
    """Why it has ended without a result."""
    if operation.error is not None:
        return operation.error.error()
    return Internal(f"operation {operation.id} {operation.state} without a reason; look at the worker's log")


def outcome_of(operation: Operation) -> Outcome:
    return Outcome(_text(operation), _run(operation))


def how_far(operation: Operation) -> str:
    """`parsing: 120 of 340`"""
    done, total = operation.progress.done, operation.progress.total
    counts = f": {done:,} of {total:,}" if total else f": {done:,}" if done else ""
    return f"{operation.stage or operation.state}{counts}"


async def _ended(services: Services, operation: Operation, tell: Tell) -> Operation:
    began = heard = told_at = time.monotonic()
    told = ""
    while True:
        now = how_far(operation)
        if now != told or time.monotonic() - told_at > TELL_EVERY_S:
            told, told_at = now, time.monotonic()
            await tell(f"{operation.repository}: {now}")
        if operation.done or services.leaving or time.monotonic() - began > WAIT_S:
            return operation
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            operation = await services.operation(operation.id)
        except (Unavailable, DeadlineExceeded, ResourceExhausted):
            if time.monotonic() - heard > PATIENCE_S:
                raise
        else:
            heard = time.monotonic()


def _text(operation: Operation) -> str:
    result = operation.result
    if result is None:
        return (
            f"{operation.repository}: {how_far(operation)} (operation {operation.id}). It goes on by itself.\n"
            f"Next: get_project_stats with repo {operation.repository} tells how far it is."
        )
    status = result.status
    lines = [
        f"{operation.repository} is indexed: {words.counted(status.files, 'file')}, "
        f"{words.counted(status.chunks, 'chunk')} at {status.ref} {status.commit[:10]}".rstrip()
        + ("" if result.changed else ", unchanged since the last time")
    ]
    if status.skipped:
        lines.append("skipped: " + ", ".join(f"{count} {reason}" for reason, count in sorted(status.skipped.items())))
    lines += [_problem_line(problem) for problem in result.errors[:_SHOWN_PROBLEMS]]
    return "\n".join(lines)


def _problem_line(problem: FileProblem) -> str:
    return f"{'by lines only' if problem.by_lines else 'left out'} ({problem.reason}): {words.one_line(problem.path)}"


def _run(operation: Operation) -> Run:
    progress, result = operation.progress, operation.result
    run = Run(
        repo=operation.repository,
        operation=operation.id,
        state=operation.state,
        stage=operation.stage,
        done=progress.done,
        total=progress.total,
    )
    if result is None:
        return run
    status = result.status
    return run.model_copy(
        update={
            "ref": status.ref,
            "commit": status.commit,
            "generation": status.generation,
            "files": status.files,
            "chunks": status.chunks,
            "new_files": result.new_blobs,
            "changed": result.changed,
            "skipped": status.skipped,
            "problems": [
                Problem(path=each.path, reason=each.reason, by_lines=each.by_lines)
                for each in result.errors[:_SHOWN_PROBLEMS]
            ],
            "problem_count": result.error_count,
            "left_out": result.missing_count,
        }
    )
