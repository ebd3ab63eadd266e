"""What psycopg's errors become, and how a transaction opens."""

from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg_pool import PoolTimeout, TooManyRequests

from pampax.core.errors import Aborted, ConfigError, DeadlineExceeded, PampaxError, ResourceExhausted, Unavailable
from pampax.storage.session import begin_statement, connection_string, translated_errors


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.OperationalError("server closed the connection\nunexpectedly"), Unavailable),
        (pg.AdminShutdown("terminating connection"), Unavailable),
        (PoolTimeout("couldn't get a connection"), Unavailable),
        (psycopg.InterfaceError("the connection is closed"), Unavailable),
        (pg.QueryCanceled("canceling statement due to statement timeout"), DeadlineExceeded),
        (pg.IdleInTransactionSessionTimeout("terminating connection"), DeadlineExceeded),
        (pg.DiskFull("could not extend file"), ResourceExhausted),
        (pg.TooManyConnections("too many clients"), ResourceExhausted),
        (TooManyRequests("too many waiting"), ResourceExhausted),
        (pg.DeadlockDetected("deadlock detected"), Aborted),
        (pg.LockNotAvailable("canceling statement due to lock timeout"), Aborted),
    ],
)
def test_trouble_of_the_database_leaves_as_our_error_in_one_line(
    error: psycopg.Error, expected: type[PampaxError]
) -> None:
    with pytest.raises(expected) as caught, translated_errors():
        raise error

    assert "\n" not in caught.value.message
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [pg.UniqueViolation("twice"), psycopg.InterfaceError("cursor is misused")])
def test_other_errors_pass(error: psycopg.Error) -> None:
    with pytest.raises(type(error)), translated_errors():
        raise error


def test_no_time_left_is_a_deadline_before_anything_is_sent() -> None:
    with pytest.raises(DeadlineExceeded):
        begin_statement(UUID(int=1), 0, read_only=True)


def test_a_transaction_without_tenant_still_overwrites_the_setting() -> None:
    assert "'pampax.tenant', ''" in begin_statement(None, 1, read_only=False).as_string()


def test_an_url_keeps_what_it_says_and_gets_our_defaults_for_the_rest() -> None:
    made = connection_string("postgresql://u@h/d?connect_timeout=7", "search")

    assert "connect_timeout=7" in made
    assert "application_name=pampax-search" in made
    assert "tcp_user_timeout=10000" in made


def test_an_unreadable_url_is_a_configuration_error_without_the_url() -> None:
    with pytest.raises(ConfigError) as caught:
        connection_string("postgresql://u:secret@h/d?no_such_option=1", "search")

    assert "secret" not in caught.value.message
