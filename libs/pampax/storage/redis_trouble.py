"""What redis-py raises, as one of our errors, and whether Redis takes writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from pampax.core.errors import Internal, PampaxError, ResourceExhausted, Unavailable
from pampax.runtime.logging import get_logger

# What a call fails with when Redis is away. RuntimeError is uvloop's word for a connection that the peer has reset.
AWAY = (RedisError, OSError, TimeoutError, RuntimeError)
# Of a ResponseError: its first word when the disk that Redis saves to is full or broken.
_NO_SAVING = "MISCONF"

_log = get_logger()


@contextmanager
def redis_errors() -> Iterator[None]:
    """Unavailable when Redis is away, ResourceExhausted when it answers and takes no writes, Internal for the rest."""
    try:
        yield
    except AWAY as error:
        raise _ours(error) from error


def _ours(error: Exception) -> PampaxError:
    match error:
        case OutOfMemoryError():
            return _no_writes("REDIS_FULL", "Redis is full: raise its maxmemory")
        case ReadOnlyError():
            return _no_writes("REDIS_READ_ONLY", "Redis is a replica: let PAMPAX_REDIS__URL name the primary")
        case ResponseError() if str(error).startswith(_NO_SAVING):
            return _no_writes("REDIS_DISK_FULL", "Redis cannot save its data: look at its log and at its disk")
        case AuthenticationError() | NoPermissionError():
            return Unavailable("Redis refuses the login: check the user and the password in PAMPAX_REDIS__URL")
        case ResponseError():  # it is well, only this key or value is not what it should be
            return Internal(f"Redis refuses the command: {type(error).__name__}", reason="REDIS_REFUSED")
        case BusyLoadingError():
            return Unavailable("Redis is loading its data after a start")
    return Unavailable(f"Redis does not answer ({type(error).__name__})")


def _no_writes(reason: str, message: str) -> ResourceExhausted:
    return ResourceExhausted(f"{message}; until then answers are not kept", reason=reason)


class Writes:
    """Whether they are taken: said once when that changes, however many there are."""

    def __init__(self, component: str) -> None:
        self._component = component
        self._refused = ""

    def refused(self, error: ResourceExhausted) -> None:
        if self._refused != error.reason:
            _log.warning("redis refuses writes", op=self._component, err_code=error.reason, detail=error.message)
        self._refused = error.reason

    def taken(self) -> None:
        if self._refused:
            _log.info("redis takes writes", op=self._component)
        self._refused = ""
