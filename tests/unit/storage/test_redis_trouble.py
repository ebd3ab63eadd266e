"""What redis-py's errors become, and how often a change of state is told."""

import json

import pytest
from redis import exceptions as redis

from pampax.core.errors import Internal, PampaxError, ResourceExhausted, Unavailable
from pampax.runtime.logging import configure_logging
from pampax.storage.redis_trouble import Writes, redis_errors


@pytest.mark.parametrize(
    ("error", "expected", "told"),
    [
        (redis.ConnectionError("refused"), Unavailable, "does not answer"),
        (redis.TimeoutError("timeout"), Unavailable, "does not answer"),
        (TimeoutError(), Unavailable, "does not answer"),
        (RuntimeError("unable to perform operation on <TCPTransport closed=True>"), Unavailable, "does not answer"),
        (redis.BusyLoadingError("LOADING"), Unavailable, "loading its data"),
        (redis.AuthenticationError("WRONGPASS"), Unavailable, "PAMPAX_REDIS__URL"),
        (redis.NoPermissionError("NOPERM"), Unavailable, "PAMPAX_REDIS__URL"),
        (redis.OutOfMemoryError("OOM"), ResourceExhausted, "maxmemory"),
        (redis.ReadOnlyError("READONLY"), ResourceExhausted, "the primary"),
        (redis.ResponseError("MISCONF Redis is configured to save"), ResourceExhausted, "disk"),
        (redis.ResponseError("WRONGTYPE"), Internal, "refuses the command"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_trouble_of_redis_is_told_with_what_to_do(error: Exception, expected: type[PampaxError], told: str) -> None:
    with pytest.raises(expected, match=told) as caught, redis_errors():
        raise error
    assert caught.value.__cause__ is error


def test_a_change_is_told_once_and_another_reason_is_a_change(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("test", "info", "json")
    writes = Writes("cache")
    writes.taken()
    for reason in ("REDIS_FULL", "REDIS_FULL", "REDIS_READ_ONLY"):
        writes.refused(ResourceExhausted("no", reason=reason))
    writes.taken()
    writes.taken()

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["msg"], line.get("err_code")) for line in lines] == [
        ("redis refuses writes", "REDIS_FULL"),
        ("redis refuses writes", "REDIS_READ_ONLY"),
        ("redis takes writes", None),
    ]
