"""A Postgres that is in trouble: what callers hear, how soon, and that the databases serve again by themselves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from pampax.core.errors import DeadlineExceeded, PampaxError, Unavailable
from pampax.runtime.logging import configure_logging
from pampax.runtime.policy import BREAKER_OPEN
from pampax.storage import session
from pampax.storage.database import Database, SyncDatabase

from ...conftest import DatabaseUrls, PostgresServer  # noqa: TID252 - tests are no package
from ...tcp_proxy import TcpProxies, TcpProxy  # noqa: TID252

WRITE = "INSERT INTO build (version) VALUES (%s)"
PATIENCE_S = 60.0


@asynccontextmanager
async def opened(url: str, pool_max: int = 2) -> AsyncIterator[Database]:
    database = Database(url, pool_max=pool_max, component="test")
    try:
        yield database
    finally:
        await database.close()


async def ask(database: Database, timeout_s: float = 10.0) -> None:
    async with database.untenanted(timeout_s=timeout_s, read_only=True) as conn:
        await conn.execute("SELECT 1")


async def ask_and(database: Database, meanwhile: Callable[[], None], timeout_s: float = 10.0) -> None:
    """Something happens after BEGIN and before the statement."""
    async with database.untenanted(timeout_s=timeout_s, read_only=True) as conn:
        meanwhile()
        await conn.execute("SELECT 1")


async def use_up(database: Database, held: AsyncExitStack) -> None:
    """Takes connections until there is none left."""
    for _ in range(8):
        await held.enter_async_context(database.untenanted(timeout_s=2, read_only=True))


async def refusal(database: Database, timeout_s: float = 10.0) -> PampaxError:
    with pytest.raises(PampaxError) as caught:
        await ask(database, timeout_s)
    return caught.value


async def until_it_serves(database: Database) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await ask(database)
        except Unavailable:
            assert time.monotonic() < give_up, "it does not serve again"
            await asyncio.sleep(0.05)


async def until_left_alone(database: Database) -> None:
    """Asks until the breaker is open."""
    for _ in range(session.POLICY.breaker.failures + 1 if session.POLICY.breaker else 0):
        if (await refusal(database, 0.3)).reason == BREAKER_OPEN:
            return
    pytest.fail("the breaker did not open")


@pytest.fixture
def proxied(database_urls: DatabaseUrls) -> Iterator[tuple[TcpProxy, str]]:
    """A proxy before the server, and the service's url through it."""
    with TcpProxies() as proxies:
        yield proxies.before(database_urls.service)


async def test_a_wrong_password_is_told_with_the_setting_to_check(database_urls: DatabaseUrls) -> None:
    url = urlsplit(database_urls.service)
    wrong = url._replace(netloc=f"{url.username}:hunter2@{url.hostname}:{url.port}").geturl()
    async with opened(wrong) as database:
        error = await refusal(database)

    assert (type(error), error.reason) == (Unavailable, "DATABASE_LOGIN_REFUSED")
    assert "PAMPAX_DATABASE__URL" in error.message
    assert "hunter2" not in error.message


async def test_a_database_that_does_not_exist_is_told_as_such(database_urls: DatabaseUrls) -> None:
    async with opened(urlsplit(database_urls.service)._replace(path="/no_such_one").geturl()) as database:
        error = await refusal(database)

    assert (type(error), error.reason) == (Unavailable, "DATABASE_MISSING")


async def test_without_a_connection_left_those_who_have_one_go_on(
    scratch_urls: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    async with opened(scratch_urls.service, pool_max=8) as database, AsyncExitStack() as held:
        connections = [await held.enter_async_context(database.untenanted(read_only=True)) for _ in range(2)]
        postgres_server.execute("ALTER DATABASE {} CONNECTION LIMIT 0", scratch_urls.name)
        with pytest.raises(Unavailable):
            await use_up(database, held)
        errors = [await refusal(database, 1) for _ in range(6)]
        for each in connections:
            await each.execute("SELECT 1")
        await held.aclose()
        await ask(database)
        postgres_server.execute("ALTER DATABASE {} CONNECTION LIMIT -1", scratch_urls.name)

    assert {error.reason for error in errors} == {"DATABASE_OUT_OF_CONNECTIONS"}  # and no breaker has opened
    assert "max_connections" in errors[0].message


async def test_a_pool_that_is_used_up_says_so(database_urls: DatabaseUrls) -> None:
    async with opened(database_urls.service, pool_max=1) as database, database.untenanted(read_only=True):
        errors = [await refusal(database, 0.1) for _ in range(6)]

    assert {error.reason for error in errors} == {"DATABASE_BUSY"}
    assert "PAMPAX_DATABASE__POOL_MAX" in errors[0].message


async def test_a_read_only_database_serves_reads_and_refuses_writes_with_advice(
    scratch_urls: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    postgres_server.execute("ALTER DATABASE {} SET default_transaction_read_only = on", scratch_urls.name)
    async with opened(scratch_urls.service) as database:
        for _ in range(6):
            with pytest.raises(Unavailable) as caught:
                async with database.untenanted() as conn:
                    await conn.execute(WRITE, [str(uuid4())])
            assert caught.value.reason == "DATABASE_READ_ONLY"
            await ask(database)


def test_a_worker_hears_the_same_of_a_read_only_database(
    scratch_urls: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    postgres_server.execute("ALTER DATABASE {} SET default_transaction_read_only = on", scratch_urls.name)
    database = SyncDatabase(scratch_urls.service, pool_max=2, component="test")
    with pytest.raises(Unavailable) as caught, database.untenanted() as conn:
        conn.execute(WRITE, [str(uuid4())])
    database.close()

    assert caught.value.reason == "DATABASE_READ_ONLY"


async def test_a_database_that_is_away_is_left_alone_and_found_again(
    proxied: tuple[TcpProxy, str], capfd: pytest.CaptureFixture[str]
) -> None:
    proxy, url = proxied
    async with opened(url) as database:
        await ask(database)
        configure_logging("test", "info", "json")
        proxy.refuse()
        await until_left_alone(database)
        refused = [await refusal(database) for _ in range(20)]
        proxy.heal()
        await until_it_serves(database)

    assert {error.reason for error in refused} <= {BREAKER_OPEN, "UNAVAILABLE"}
    assert "127.0.0.1" not in " ".join(error.message for error in refused)  # callers may be anybody
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [line["msg"] for line in lines]
    changes = ("database away", "breaker opened", "database back", "breaker closed")
    assert [told.count(each) for each in changes] == [1] * len(changes)


async def test_a_database_that_answers_nothing_is_not_waited_for_beyond_the_time(proxied: tuple[TcpProxy, str]) -> None:
    proxy, url = proxied
    async with opened(url) as database:
        await asyncio.gather(ask(database), ask(database))
        proxy.stall()
        async with asyncio.timeout(PATIENCE_S):
            await until_left_alone(database)
        proxy.heal()
        await until_it_serves(database)


async def test_a_statement_that_is_never_answered_ends_after_its_time_and_a_second(
    proxied: tuple[TcpProxy, str],
) -> None:
    proxy, url = proxied
    async with opened(url) as database:
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(Unavailable) as late:
                await ask_and(database, proxy.stall, timeout_s=1.5)
            assert "no answer within 2.5 s" in str(late.value.__cause__)
        proxy.heal()
        await until_it_serves(database)


def test_a_worker_does_not_wait_for_ever_either(proxied: tuple[TcpProxy, str]) -> None:
    proxy, url = proxied
    database = SyncDatabase(url, pool_max=2, component="test")

    def work() -> None:
        with database.untenanted(timeout_s=1.5, read_only=True) as conn:
            proxy.stall()
            conn.execute("SELECT 1")

    with pytest.raises(Unavailable) as late:
        within(PATIENCE_S, work)
    assert "no answer within 2.5 s" in str(late.value.__cause__)
    with pytest.raises(Unavailable):
        within(PATIENCE_S, lambda: _begin(database))
    proxy.heal()
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            _begin(database)
            break
        except Unavailable:
            assert time.monotonic() < give_up, "it does not serve again"
            time.sleep(0.05)
    database.close()


def _begin(database: SyncDatabase) -> None:
    with database.untenanted(timeout_s=0.5, read_only=True) as conn:
        conn.execute("SELECT 1")


def within(seconds: float, work: Callable[[], None]) -> None:
    """What `work` raises; a failure when it has not ended by then."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed on
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it still waits"
    for error in raised:
        raise error


async def test_a_caller_that_leaves_ends_its_query_and_the_connection_serves_the_next(
    database_urls: DatabaseUrls,
) -> None:
    async with opened(database_urls.service, pool_max=1) as database:
        async with database.untenanted(read_only=True) as conn:
            before = await backend(conn)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.untenanted(read_only=True) as conn:
                await conn.execute("SELECT pg_sleep(60)")
        async with database.untenanted(read_only=True) as conn:
            after = await backend(conn)

    assert before == after


async def backend(conn: session.Connection) -> int:
    row = await (await conn.execute("SELECT pg_backend_pid() AS pid")).fetchone()
    assert row is not None
    return int(row["pid"])


@pytest.mark.parametrize("turns", range(12))
async def test_a_caller_may_leave_at_the_very_moment_of_getting_a_connection(
    database_urls: DatabaseUrls, turns: int
) -> None:
    async def get_and_stay() -> None:
        async with database.untenanted(read_only=True):
            await asyncio.sleep(60)

    async with opened(database_urls.service, pool_max=1) as database:
        async with database.untenanted(read_only=True):
            waiting = asyncio.create_task(get_and_stay())
            await asyncio.sleep(0.02)
        for _ in range(turns):
            await asyncio.sleep(0.0)
        waiting.cancel()
        await asyncio.wait({waiting}, timeout=PATIENCE_S)
        assert waiting.cancelled()
        await ask(database)


async def test_a_caller_that_leaves_a_frozen_database_is_not_held_up(proxied: tuple[TcpProxy, str]) -> None:
    proxy, url = proxied
    async with opened(url) as database:
        async with asyncio.timeout(PATIENCE_S / 4):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask_and(database, proxy.stall), 0.2)
        proxy.heal()
        await until_it_serves(database)


async def test_slow_statements_are_late_and_open_nothing(database_urls: DatabaseUrls) -> None:
    async with opened(database_urls.service) as database:
        await ask(database)
        for _ in range(6):
            with pytest.raises(DeadlineExceeded):
                async with database.untenanted(timeout_s=0.5, read_only=True) as conn:
                    await conn.execute("SELECT pg_sleep(5)")
        await ask(database)


async def test_many_who_come_before_the_first_connection_do_not_queue_for_it(proxied: tuple[TcpProxy, str]) -> None:
    proxy, url = proxied
    proxy.stall()
    async with opened(url) as database:
        async with asyncio.timeout(PATIENCE_S / 2):  # one attempt takes two seconds
            errors = await asyncio.gather(*(refusal(database) for _ in range(20)))
        assert {type(error) for error in errors} == {Unavailable}
        proxy.heal()
        await until_it_serves(database)
