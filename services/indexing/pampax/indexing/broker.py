"""The service's end of the broker: sending operation ids, and saying whether that makes sense now."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from celery import Celery
from kombu.exceptions import OperationalError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pampax.core.errors import PampaxError, ResourceExhausted
from pampax.indexing.celery_app import LINES, RUN_OPERATION, make_celery
from pampax.indexing.measures import queue_waits
from pampax.indexing.transport import PATIENT, URGENT
from pampax.runtime.context import request_metadata
from pampax.runtime.logging import get_logger
from pampax.runtime.policy import BreakerRule, Guard, Policy
from pampax.runtime.telemetry.tracing import call_span
from pampax.storage.redis_trouble import Writes, redis_errors

ANSWER_WITHIN_S = 1.0
SEND_WITHIN_S = 3.0
# After two failures nobody asks for a second: requests do not queue up behind a broker that is away, and the reaper
# works without it. A message is never sent twice: one that was lost is sent by the reaper.
POLICY = Policy("broker", SEND_WITHIN_S, breaker=BreakerRule(failures=2, window_s=10.0, open_s=1.0))
# Waiting messages beyond which sending again only makes the queue longer: nothing was lost, the workers are busy.
FULL_QUEUE = 100

_log = get_logger()


class Broker:
    """Redis as seen by the service. Without a url it is always away. No call raises or lasts longer than seconds."""

    def __init__(self, redis_url: str) -> None:
        self._celery: Celery | None = make_celery(redis_url) if redis_url else None
        self._redis: Redis | None = None
        if redis_url:
            self._redis = Redis.from_url(
                redis_url,
                socket_timeout=ANSWER_WITHIN_S,
                socket_connect_timeout=ANSWER_WITHIN_S,
                retry=Retry(NoBackoff(), 0),
            )
        self._guard = Guard(POLICY)
        self._writes = Writes("broker")
        self._sending = ThreadPoolExecutor(max_workers=2, thread_name_prefix="broker")

    async def backlog(self) -> int | None:
        """Messages that wait for a worker; None when the broker does not answer."""
        redis = self._redis
        if redis is None:
            return None
        try:
            with self._guard.attempt(), redis_errors():
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    waiting = sum([int(await redis.llen(line)) for line in LINES])
        except PampaxError:  # told by the guard, once
            queue_waits(None)
            return None
        queue_waits(waiting)
        return waiting

    async def send(self, operation_id: UUID, tenant_id: UUID, *, urgent: bool = True) -> bool:
        """Whether the broker took it. Workers take what is urgent first; the reaper sees to it that all gets so."""
        if self._celery is None or await self.backlog() is None:
            return False
        try:
            with call_span("queue.send", {"pampax.operation": str(operation_id)}, "producer"):
                await self._sent(self._celery, operation_id, tenant_id, URGENT if urgent else PATIENT)
        except ResourceExhausted as error:
            self._writes.refused(error)
            return False
        except PampaxError as error:
            _log.warning("operation not sent", op="enqueue", err_code=error.reason, detail=error.message)
            return False
        self._writes.taken()
        return True

    async def _sent(self, app: Celery, operation_id: UUID, tenant_id: UUID, priority: int) -> None:
        arguments = str(operation_id), str(tenant_id), dict(request_metadata()), priority
        with self._guard.attempt(), redis_errors():
            sending = asyncio.get_running_loop().run_in_executor(self._sending, _send, app, *arguments)
            async with asyncio.timeout(SEND_WITHIN_S):
                await sending

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
        self._sending.shutdown(wait=False, cancel_futures=True)
        if self._celery is not None:
            self._celery.close()


def _send(app: Celery, operation_id: str, tenant_id: str, headers: dict[str, str], priority: int) -> None:
    """The headers are for what a worker says before it has claimed the operation, whose row knows both ids as well."""
    try:
        app.send_task(RUN_OPERATION, args=[operation_id, tenant_id], headers=headers, priority=priority, retry=False)
    except OperationalError as error:  # kombu's wrapping of whatever redis-py has raised
        raise error.__cause__ or ConnectionError(str(error)) from None
