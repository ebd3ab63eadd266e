"""What psycopg's errors become: a code, a reason, whom they blame, and a line that says what to do."""

import psycopg
import pytest
from psycopg import errors as pg
from psycopg_pool import PoolTimeout, TooManyRequests

from pampax.core.errors import Aborted, DeadlineExceeded, PampaxError, ResourceExhausted, Unavailable
from pampax.runtime.policy import TARGET
from pampax.storage.trouble import CONNECTIONS, POSTGRES, translated_errors

REFUSED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  '


def became(error: psycopg.Error, expected: type[PampaxError]) -> PampaxError:
    with pytest.raises(expected) as caught, translated_errors():
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "expected", "reason"),
    [
        (psycopg.OperationalError("server closed the connection\nunexpectedly"), Unavailable, "UNAVAILABLE"),
        (pg.AdminShutdown("terminating connection"), Unavailable, "UNAVAILABLE"),
        (pg.CannotConnectNow("the database system is starting up"), Unavailable, "UNAVAILABLE"),
        (psycopg.InterfaceError("the connection is closed"), Unavailable, "UNAVAILABLE"),
        (PoolTimeout("couldn't get a connection"), Unavailable, "DATABASE_BUSY"),
        (pg.TooManyConnections("too many clients"), Unavailable, "DATABASE_OUT_OF_CONNECTIONS"),
        (pg.ReadOnlySqlTransaction("cannot execute INSERT"), Unavailable, "DATABASE_READ_ONLY"),
        (pg.QueryCanceled("canceling statement due to statement timeout"), DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (pg.IdleInTransactionSessionTimeout("terminating connection"), DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (pg.DiskFull("could not extend file"), ResourceExhausted, "DATABASE_DISK_FULL"),
        (pg.OutOfMemory("out of memory"), ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (TooManyRequests("too many waiting"), ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (pg.DeadlockDetected("deadlock detected"), Aborted, "ABORTED"),
        (pg.LockNotAvailable("canceling statement due to lock timeout"), Aborted, "ABORTED"),
    ],
)
def test_trouble_of_the_database_leaves_as_our_error_in_one_line(
    error: psycopg.Error, expected: type[PampaxError], reason: str
) -> None:
    ours = became(error, expected)

    assert "\n" not in ours.message
    assert ours.reason == reason


@pytest.mark.parametrize(
    ("said", "reason", "advice"),
    [
        ("sorry, too many clients already", "DATABASE_OUT_OF_CONNECTIONS", "max_connections"),
        ("remaining connection slots are reserved for roles with the SUPERUSER attribute",
         "DATABASE_OUT_OF_CONNECTIONS", "PAMPAX_DATABASE__POOL_MAX"),
        ('too many connections for role "pampax_service"', "DATABASE_OUT_OF_CONNECTIONS", "max_connections"),
        ('password authentication failed for user "pampax_service"', "DATABASE_LOGIN_REFUSED", "PAMPAX_DATABASE__URL"),
        ('no pg_hba.conf entry for host "10.0.0.1"', "DATABASE_LOGIN_REFUSED", "PAMPAX_DATABASE__URL"),
        ('database "pampax" does not exist', "DATABASE_MISSING", "run the migrations"),
        ("the database system is starting up", "UNAVAILABLE", "restarted"),
        ("the database system is in recovery mode", "UNAVAILABLE", "restarted"),
        ("something new", "UNAVAILABLE", "retry"),
    ],
)  # fmt: skip
def test_a_connection_that_is_refused_says_why_and_what_to_do(said: str, reason: str, advice: str) -> None:
    ours = became(psycopg.OperationalError(REFUSED + said), Unavailable)

    assert (ours.reason, advice in ours.message) == (reason, True)
    assert REFUSED not in ours.message


def test_a_database_that_answers_others_is_not_blamed_for_want_of_connections() -> None:
    for error in (PoolTimeout(""), pg.TooManyConnections(""), psycopg.OperationalError(REFUSED + "too many clients")):
        assert became(error, Unavailable).metadata == {TARGET: CONNECTIONS}
    assert became(psycopg.OperationalError("gone"), Unavailable).metadata == {TARGET: POSTGRES}


def test_who_can_tell_better_may_keep_an_error() -> None:
    with pytest.raises(PoolTimeout), translated_errors(unless=PoolTimeout):
        raise PoolTimeout("couldn't get a connection")


@pytest.mark.parametrize("error", [pg.UniqueViolation("twice"), psycopg.InterfaceError("cursor is misused")])
def test_other_errors_pass(error: psycopg.Error) -> None:
    with pytest.raises(type(error)), translated_errors():
        raise error
