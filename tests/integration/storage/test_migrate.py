"""The migration runner: once each, in order, by any owner that may, and clear about what it cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from pampax.core.errors import ConfigError, Internal
from pampax.storage.database import Database
from pampax.storage.isolation import isolation_findings
from pampax.storage.keys import key_hmac, new_key
from pampax.storage.migrate import LOCAL_TENANT, bootstrap_local, migrate, status
from pampax.storage.migration_files import FOLDER, Phase, migrations
from pampax.storage.schema import check_schema

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls, NewDatabase, PostgresServer

NAMES = [each.name for each in migrations()]
PEPPER = "ab" * 32


@pytest.fixture
def empty(new_database: NewDatabase) -> Iterator[DatabaseUrls]:
    with new_database(migrated=False) as urls:
        yield urls


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The real migrations with two more."""
    for path in FOLDER.glob("*.sql"):
        shutil.copy(path, tmp_path)
    (tmp_path / "9001_pre_note.sql").write_text("CREATE TABLE note (n integer)")
    (tmp_path / "9002_post_note.sql").write_text("ALTER TABLE note ADD COLUMN m integer")
    return tmp_path


def test_a_second_run_does_nothing(empty: DatabaseUrls) -> None:
    assert migrate(empty.owner) == NAMES
    before = status(empty.owner)

    assert migrate(empty.owner) == []
    assert status(empty.owner) == before


def test_status_tells_what_is_pending_and_what_is_applied(empty: DatabaseUrls, folder: Path) -> None:
    assert {each.applied_at for each in status(empty.owner, folder=folder)} == {None}

    migrate(empty.owner, phase=Phase.PRE, folder=folder)

    pending = [each.name for each in status(empty.owner, folder=folder) if each.applied_at is None]
    assert pending == [each.name for each in migrations(folder) if each.phase is Phase.POST]


def test_a_phase_runs_its_own_files_alone(empty: DatabaseUrls, folder: Path) -> None:
    assert migrate(empty.owner, phase=Phase.PRE, folder=folder)[-1] == "9001_pre_note.sql"
    assert migrate(empty.owner, phase=Phase.POST, folder=folder)[-1] == "9002_post_note.sql"


def test_two_migrators_at_once_both_succeed(empty: DatabaseUrls, service_password: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda _: migrate(empty.owner, service_password=service_password), range(2))

    assert sorted(chain.from_iterable(runs)) == NAMES


def test_a_file_that_was_changed_after_it_was_applied_is_refused(empty: DatabaseUrls, folder: Path) -> None:
    migrate(empty.owner, folder=folder)
    (folder / "9001_pre_note.sql").write_text("CREATE TABLE note (n bigint)")

    with pytest.raises(ConfigError, match=r"9001_pre_note\.sql was changed after it was applied"):
        migrate(empty.owner, folder=folder)
    with pytest.raises(ConfigError, match=r"9001_pre_note\.sql"):
        status(empty.owner, folder=folder)


def test_a_file_that_fails_leaves_nothing_and_names_itself(empty: DatabaseUrls, folder: Path) -> None:
    (folder / "9002_post_note.sql").write_text("CREATE TABLE half (n integer); SELECT 1 / 0")

    with pytest.raises(Internal, match=r"9002_post_note\.sql failed: division by zero"):
        migrate(empty.owner, folder=folder)

    assert [each.name for each in status(empty.owner, folder=folder) if each.applied_at is None] == [
        "9002_post_note.sql"
    ]
    with psycopg.connect(empty.owner) as conn:
        assert conn.execute("SELECT to_regclass('half')").fetchone() == (None,)


async def test_services_check_the_schema_before_they_serve(empty: DatabaseUrls, scratch_urls: DatabaseUrls) -> None:
    for urls, complete in ((empty, False), (scratch_urls, True)):
        database = Database(urls.service, component="test")
        try:
            async with database.untenanted() as conn:
                if complete:
                    await check_schema(conn)
                else:
                    with pytest.raises(ConfigError, match=r"python -m pampax\.storage migrate"):
                        await check_schema(conn)
        finally:
            await database.close()


def test_a_superuser_may_migrate_as_the_images_let_it(empty: DatabaseUrls) -> None:
    migrate(empty.superuser)

    with psycopg.connect(empty.superuser, row_factory=dict_row) as conn:
        assert isolation_findings(conn) == []


def test_another_owner_without_rights_on_the_roles_is_told_what_to_grant(
    empty: DatabaseUrls, database_urls: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    postgres_server.execute("CREATE ROLE stranger LOGIN CREATEROLE PASSWORD 's'")
    try:
        postgres_server.execute("ALTER DATABASE {} OWNER TO stranger", empty.name)
        url = empty.owner.replace(empty.owner.split("//")[1].split("@")[0], "stranger:s")
        with pytest.raises(ConfigError, match="WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"):
            migrate(url)

        postgres_server.execute(
            "GRANT pampax_service, pampax_definer TO stranger WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
        )
        assert migrate(url) == NAMES
        with psycopg.connect(empty.superuser, row_factory=dict_row) as conn:
            assert isolation_findings(conn) == []
    finally:
        postgres_server.execute("REASSIGN OWNED BY stranger TO {}", "postgres", database=empty.name)
        postgres_server.execute("DROP OWNED BY stranger", database=empty.name)
        postgres_server.execute("DROP ROLE stranger")


def test_a_server_without_the_extension_is_told(empty: DatabaseUrls, postgres_server: PostgresServer) -> None:
    postgres_server.execute("DROP EXTENSION vector", database=empty.name)

    with pytest.raises(ConfigError, match="CREATE EXTENSION vector in this database as a superuser"):
        migrate(empty.owner)


def test_the_service_password_may_hold_any_character(
    scratch_urls: DatabaseUrls, postgres_server: PostgresServer, service_password: str
) -> None:
    awkward = "it's \"; DROP TABLE x; -- \\ é"
    try:
        migrate(scratch_urls.owner, service_password=awkward)
        with psycopg.connect(scratch_urls.service, password=awkward) as conn:
            assert conn.execute("SELECT current_user").fetchone() == ("pampax_service",)
    finally:
        migrate(scratch_urls.owner, service_password=service_password)


@pytest.fixture
def service_password(database_urls: DatabaseUrls) -> str:
    return database_urls.service.split(":")[2].split("@")[0]


def test_bootstrapping_twice_makes_one_local_tenant(scratch_urls: DatabaseUrls) -> None:
    hashed = key_hmac(new_key(), PEPPER)

    bootstrap_local(scratch_urls.owner, hashed, embedded=True)
    bootstrap_local(scratch_urls.owner, hashed, embedded=True)
    other = key_hmac(new_key(), PEPPER)
    bootstrap_local(scratch_urls.owner, other, embedded=True)

    with psycopg.connect(scratch_urls.service, row_factory=dict_row) as conn:
        for key in (hashed, other):
            identity = conn.execute("SELECT tenant_id, role, local FROM authenticate_key(%s)", [key]).fetchall()
            assert identity == [{"tenant_id": LOCAL_TENANT, "role": "admin", "local": True}]
    with psycopg.connect(scratch_urls.superuser) as conn:
        assert conn.execute("SELECT count(*) FROM role_binding").fetchone() == (1,)


@pytest.mark.parametrize(("mode", "local"), [("embedded", True), ("server", False)])
def test_only_the_key_of_an_embedded_system_may_name_its_folders(
    command: Command, empty: DatabaseUrls, mode: str, local: bool
) -> None:
    done = command("migrate", PAMPAX_MODE=mode)

    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty.service) as conn:
        found = conn.execute("SELECT local FROM authenticate_key(%s)", [key_hmac("pampax_local", PEPPER)]).fetchall()
    assert found == [(local,)]


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(empty: DatabaseUrls, service_password: str) -> Command:
    """Runs `python -m pampax.storage` with the settings of an empty database."""
    settings = {
        "PAMPAX_DATABASE__OWNER_URL": empty.owner,
        "PAMPAX_DATABASE__SERVICE_PASSWORD": service_password,
        "PAMPAX_AUTH__KEY_PEPPER": PEPPER,
        "PAMPAX_BOOTSTRAP__API_KEY": "pampax_local",
    }

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings, **changes}
        return subprocess.run(
            [sys.executable, "-m", "pampax.storage", *arguments],
            env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


def test_the_command_migrates_and_tells_the_state(command: Command, empty: DatabaseUrls) -> None:
    before = command("status")
    assert (before.returncode, before.stdout) == (2, "".join(f"{name}  pending\n" for name in NAMES))

    done = command("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"applied {NAMES[0]}\n" in done.stdout

    after = command("status")
    assert after.returncode == 0
    assert f"{NAMES[0]}  applied 20" in after.stdout
    with psycopg.connect(empty.service) as conn:
        found = conn.execute("SELECT role FROM authenticate_key(%s)", [key_hmac("pampax_local", PEPPER)]).fetchall()
    assert found == [("admin",)]


def test_the_command_runs_one_phase(command: Command) -> None:
    assert (
        "applied" not in command("migrate", "--phase", "post", PAMPAX_BOOTSTRAP__API_KEY="").stdout.partition("\n")[0]
    )
    assert f"applied {NAMES[0]}\n" in command("migrate", "--phase", "pre").stdout


def test_the_commands_mistakes_are_one_line_and_exit_code_2(command: Command) -> None:
    refused = command("migrate", PAMPAX_DATABASE__OWNER_URL="")

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "PAMPAX_DATABASE__OWNER_URL" in refused.stderr


def test_the_command_takes_flags_and_a_file_before_and_after_its_name(
    command: Command, empty: DatabaseUrls, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(f'[database]\nowner_url = "{empty.owner}"\n')
    (tmp_path / "own.toml").chmod(0o644)
    away = {"PAMPAX_DATABASE__OWNER_URL": ""}
    told = command("status", **away, PAMPAX_CONFIG=str(tmp_path / "own.toml"))
    assert (told.returncode, told.stdout.count("pending")) == (2, len(NAMES))
    assert "own.toml, which holds database.owner_url" in told.stderr  # it is not closed to others
    told = command("--database.owner_url", empty.owner, "status", "--log.level", "debug", **away)
    assert (told.returncode, told.stderr) == (2, "")
    told = command("migrate", "--database.owner_ulr", "x", "--config", str(tmp_path / "no.toml"))
    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        f"{tmp_path}/no.toml cannot be read: No such file or directory; check --config and PAMPAX_CONFIG",
        "--database.owner_ulr is not a flag; did you mean --database.owner_url?",
    ]


def test_the_command_tells_a_database_that_is_away_by_exit_code_4(command: Command, unused_tcp_port: int) -> None:
    away = command("status", PAMPAX_DATABASE__OWNER_URL=f"postgresql://o@127.0.0.1:{unused_tcp_port}/x")

    assert (away.returncode, away.stderr.count("\n")) == (4, 1)
    assert "database does not answer" in away.stderr
    assert f"port {unused_tcp_port}" in away.stderr


def test_status_tells_where_tenants_are_not_kept_apart(command: Command, empty: DatabaseUrls) -> None:
    command("migrate")
    with psycopg.connect(empty.owner) as conn:
        conn.execute("ALTER TABLE blob NO FORCE ROW LEVEL SECURITY")

    told = command("status")

    assert told.returncode == 2
    assert "isolation: table blob does not force row security on its owner\n" in told.stdout


def test_a_database_that_is_newer_by_a_post_migration_is_not_migrated_by_an_older_version(
    empty: DatabaseUrls, folder: Path
) -> None:
    migrate(empty.owner, folder=folder)
    with pytest.raises(ConfigError, match=r"newer than this version \(9002_post_note\.sql\) and there is no way back"):
        migrate(empty.owner)
    assert [each.name for each in status(empty.owner) if each.newer] == ["9001_pre_note.sql", "9002_post_note.sql"]


def test_a_version_that_is_returned_to_finds_the_newer_pre_migrations_in_order(
    empty: DatabaseUrls, folder: Path
) -> None:
    migrate(empty.owner, phase=Phase.PRE, folder=folder)
    assert migrate(empty.owner) == [each.name for each in migrations() if each.phase is Phase.POST]
