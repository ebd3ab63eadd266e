"""The servers that tests share: one PostgreSQL and one Redis for the test session, a database per module.

They are containers where a container engine answers, and the embedded servers elsewhere, for the same tests;
TEST_ENGINE=docker or TEST_ENGINE=embedded chooses.
"""

import itertools
import os
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

# Read when gRPC is imported: a server that is started under another account is forked, and gRPC's threads would start
# again in the child and crash it before it becomes that server.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

# A shell starts its background jobs with interrupts ignored, which all that tests start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from redis import Redis

from pampax.embedded.postgres import SUPERUSER, THROW_AWAY_SETTINGS, running_server
from pampax.embedded.valkey import running_valkey
from pampax.storage.database import Database, SyncDatabase
from pampax.storage.keys import key_hmac, new_key
from pampax.storage.migrate import migrate

POSTGRES_IMAGE = "pgvector/pgvector:pg17"
REDIS_IMAGE = "redis:8"
REDIS_DATABASES = 16  # unless its configuration says otherwise
ENGINE_ANSWERS_WITHIN_S = 10
OWNER = "pampax_owner"
SERVICE = "pampax_service"
KEY_PEPPER = "3d1078c1e62e0711f64cece4a529368312d5d6e8e9d5d86a8281f1e8f78c3887"
TEMPLATE = "pampax_template"
# Which makes a Python process count the lines that it runs. Commands of users, the processes of whole systems and of
# single tests do without: they would need half as long again for everything, and other tests count the same lines.
COUNTING = "COVERAGE_PROCESS_CONFIG"

# No property fails because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def inherited(*, counting: bool = False) -> dict[str, str]:
    """Our environment without settings of PAMPAX, for a process that gets its own."""
    return {
        name: value for name, value in os.environ.items()
        if not name.startswith("PAMPAX_") and (counting or name != COUNTING)
    }  # fmt: skip


# Roles belong to the whole server, so their passwords hold for the whole session.
PASSWORDS = {OWNER: secrets.token_hex(8), SERVICE: secrets.token_hex(8)}


@dataclass(frozen=True)
class PostgresServer:
    """A running server, known by a superuser's url."""

    url: str

    def superuser_url(self, database: str = "postgres") -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def role_url(self, role: str, database: str) -> str:
        where = urlsplit(self.url)
        return where._replace(
            netloc=f"{role}:{PASSWORDS[role]}@{where.hostname}:{where.port}", path=f"/{database}"
        ).geturl()

    def execute(self, statement: str, *names: str, database: str = "postgres") -> None:
        """Run a statement as a superuser, each {} filled with a quoted name."""
        query = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(self.superuser_url(database), autocommit=True) as conn:
            conn.execute(query)


@dataclass(frozen=True)
class DatabaseUrls:
    """One database as its owner, as a service and as a superuser reach it."""

    name: str
    owner: str
    service: str
    superuser: str


@dataclass(frozen=True)
class Tenant:
    """A tenant with one principal and its key in clear text."""

    tenant_id: UUID
    principal_id: UUID
    key: str
    name: str


NewBroker = Callable[[], AbstractContextManager[str]]
NewDatabase = Callable[..., AbstractContextManager[DatabaseUrls]]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with _docker_postgres() if _wants_docker() else _embedded_postgres() as server:
        server.execute("DO $$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object THEN NULL; END $$", OWNER)
        server.execute(f"ALTER ROLE {{}} LOGIN CREATEROLE PASSWORD '{PASSWORDS[OWNER]}'", OWNER)
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with _docker_redis() if _wants_docker() else running_valkey() as url:
        yield url


@pytest.fixture(scope="session")
def new_broker(redis_url: str) -> NewBroker:
    """Lends a database of the session's Redis, emptied: what another test left there would be taken as work."""
    free = list(range(1, REDIS_DATABASES))

    @contextmanager
    def lend() -> Iterator[str]:
        number = free.pop(0)
        url = urlsplit(redis_url)._replace(path=f"/{number}").geturl()
        with Redis.from_url(url) as redis:
            redis.flushdb()
        try:
            yield url
        finally:
            free.append(number)

    return lend


@pytest.fixture
def broker_url(new_broker: NewBroker) -> Iterator[str]:
    with new_broker() as url:
        yield url


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> NewDatabase:
    """Makes a database that is dropped at the end of the block: migrated, or with `migrated=False` empty."""
    _create(postgres_server, TEMPLATE, "template0")
    migrate(postgres_server.role_url(OWNER, TEMPLATE), service_password=PASSWORDS[SERVICE])
    numbers = itertools.count()

    @contextmanager
    def make(*, migrated: bool = True) -> Iterator[DatabaseUrls]:
        name = f"test_{next(numbers)}"
        _create(postgres_server, name, TEMPLATE if migrated else "template0")
        try:
            yield DatabaseUrls(
                name,
                postgres_server.role_url(OWNER, name),
                postgres_server.role_url(SERVICE, name),
                postgres_server.superuser_url(name),
            )
        finally:
            postgres_server.execute("DROP DATABASE {} WITH (FORCE)", name)

    return make


@pytest.fixture(scope="module")
def database_urls(new_database: NewDatabase) -> Iterator[DatabaseUrls]:
    """A migrated database for the module's tests to share; each makes tenants of its own in it."""
    with new_database() as urls:
        yield urls


@pytest.fixture
def scratch_urls(new_database: NewDatabase) -> Iterator[DatabaseUrls]:
    """A migrated database for one test, which may break it."""
    with new_database() as urls:
        yield urls


@pytest.fixture(scope="module")
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The module's database as a service sees it."""
    opened = Database(database_urls.service, pool_max=4, component="test")
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def sync_database(database_urls: DatabaseUrls) -> Iterator[SyncDatabase]:
    """The module's database as a worker sees it."""
    opened = SyncDatabase(database_urls.service, pool_max=4, component="test")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tenant(database_urls: DatabaseUrls) -> Callable[..., Tenant]:
    """Makes a tenant with a principal and a key in the module's database; `role=None` leaves it without a binding."""

    def make(*, role: str | None = "admin", local: bool = False) -> Tenant:
        return make_tenant(database_urls.owner, role=role, local=local)

    return make


def make_tenant(owner_url: str, *, role: str | None = "admin", local: bool = False) -> Tenant:
    made = Tenant(uuid4(), uuid4(), new_key(), f"tenant-{secrets.token_hex(4)}")
    ids = {"tenant": made.tenant_id, "principal": made.principal_id, "name": made.name, "role": role, "local": local}
    with psycopg.connect(owner_url) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(made.tenant_id)])
        conn.execute("INSERT INTO tenant (tenant_id, name) VALUES (%(tenant)s, %(name)s)", ids)
        conn.execute(
            "INSERT INTO principal (principal_id, tenant_id, name) VALUES (%(principal)s, %(tenant)s, 'p')", ids
        )
        if role is not None:
            conn.execute(
                "INSERT INTO role_binding (tenant_id, principal_id, role) VALUES (%(tenant)s, %(principal)s, %(role)s)",
                ids,
            )
        conn.execute(
            "INSERT INTO api_key (key_hmac, tenant_id, principal_id, local)"
            " VALUES (%(hmac)s, %(tenant)s, %(principal)s, %(local)s)",
            {**ids, "hmac": key_hmac(made.key, KEY_PEPPER)},
        )
    return made


def _create(server: PostgresServer, name: str, template: str) -> None:
    server.execute("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy", name, template, OWNER)
    server.execute("CREATE EXTENSION IF NOT EXISTS vector", database=name)  # not a trusted one: owners may not


@contextmanager
def _embedded_postgres() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield PostgresServer(server.dsn(SUPERUSER, "postgres"))


@cache
def _wants_docker() -> bool:
    engine = os.environ.get("TEST_ENGINE", "")
    if engine not in ("", "docker", "embedded"):
        pytest.exit(f"TEST_ENGINE is docker or embedded, not {engine!r}", returncode=pytest.ExitCode.USAGE_ERROR)
    return engine == "docker" or (not engine and _engine_answers())


def _engine_answers() -> bool:
    """Whether `docker info` succeeds, and soon: an engine that hangs is none."""
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=ENGINE_ANSWERS_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@contextmanager
def _docker_postgres() -> Iterator[PostgresServer]:
    # Imported here: where no Docker is, the library need not be there either.
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(POSTGRES_IMAGE, username=SUPERUSER, password=secrets.token_hex(8), driver=None)
    # In memory, and as little durable as the embedded server of tests: databases are made and dropped all the time.
    settings = [f"--{name}={value}" for name, value in THROW_AWAY_SETTINGS.items()]
    with container.with_command(["postgres", *settings]).with_tmpfs_mount("/var/lib/postgresql/data") as running:
        yield PostgresServer(running.get_connection_url())


@contextmanager
def _docker_redis() -> Iterator[str]:
    from testcontainers.community.redis import RedisContainer

    with RedisContainer(REDIS_IMAGE) as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-report", type=Path, help="where the table of faults goes: a .md or .json file")
    parser.addoption("--bundle-requests", type=int, default=60, help="how many random requests for bundles")
    parser.addoption("--bundle-seed", type=int, default=7, help="which random requests for bundles")
    parser.addoption("--bundle-repository", help="folder that random bundles are made of; a small one if absent")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of the faults that were tried, wherever their tests ran."""
    from .e2e.faults.report import (  # only here: most sessions try none
        attached,
        killed_runs,
        killed_table,
        table,
        write,
    )

    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    rows, killed = attached(reports), killed_runs(reports)
    if rows:
        terminalreporter.section("faults")
        terminalreporter.write(table(rows))
    if killed:
        terminalreporter.section("killed runs")
        terminalreporter.write(killed_table(killed))
    if rows and config.option.faults_report:
        write(config.option.faults_report, rows, killed)
