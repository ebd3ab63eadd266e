"""The two embedded servers on their own: what they are set up as, and that they come back after a kill."""

import os
import secrets
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from pampax.core.errors import ConfigError
from pampax.embedded.account import server_account
from pampax.embedded.postgres import running_postgres, running_server, server_processes
from pampax.embedded.valkey import running_valkey


def test_owner_of_the_database_is_no_superuser_and_may_make_roles() -> None:
    with running_postgres() as dsn, psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == ("pampax_owner", False, False, True)


def test_database_has_vectors_checksums_and_one_order_of_text() -> None:
    with running_postgres() as dsn, psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT '[1,2]'::halfvec(2)::text, current_setting('data_checksums'), current_setting('TimeZone'), "
            "(SELECT array_agg(w ORDER BY w) FROM unnest(ARRAY['b', 'B', 'a']) AS w)"
        ).fetchone()
    assert row == ("[1,2]", "on", "UTC", ["B", "a", "b"])


def test_wrong_password_is_refused() -> None:
    with running_postgres() as dsn:
        scheme, _, rest = dsn.partition("://")
        wrong = f"{scheme}://pampax_owner:guess@{rest.partition('@')[2]}"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_rows_are_there_again_after_every_process_was_killed(folder: Path) -> None:
    with running_server(folder) as server, psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.commit()
        for process in server_processes(server.data):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(server_processes(server.data), timeout=10)
    assert (server.data / "postmaster.pid").exists()
    with running_server(folder) as again, psycopg.connect(again.dsn()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_half_made_cluster_is_made_again(folder: Path) -> None:
    (folder / "postgres" / "data.new" / "base").mkdir(parents=True)
    with running_postgres(folder) as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_cluster_of_another_major_version_is_refused(folder: Path) -> None:
    with running_server(folder) as server:
        version = server.data / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(ConfigError, match="written by PostgreSQL 15"), running_server(folder):
        pass


def test_passwords_are_readable_by_their_owner_alone(folder: Path) -> None:
    with running_postgres(folder), running_valkey(folder):
        files = [*folder.glob("*/*.password"), folder / "valkey" / "valkey.conf"]
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_valkey_refuses_a_client_without_the_password() -> None:
    with running_valkey() as url:
        address = url.partition("@")[2]
        with redis.Redis.from_url(f"redis://{address}") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_valkey_keeps_what_it_was_told_over_a_restart(folder: Path) -> None:
    with running_valkey(folder) as url, redis.Redis.from_url(url) as client:
        client.set("kept", "yes")
        assert client.config_get("maxmemory*") == {
            "maxmemory": str(256 << 20),
            "maxmemory-policy": "volatile-lru",
            "maxmemory-samples": "5",
            "maxmemory-clients": "0",
            "maxmemory-eviction-tenacity": "10",
        }
    with running_valkey(folder) as url, redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


def test_a_cache_that_fills_valkey_costs_the_queue_nothing() -> None:
    """Answers make room for one another and for messages, which have no time to live."""
    answer = secrets.token_bytes(64 << 10)
    with running_valkey() as url, redis.Redis.from_url(url) as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + (8 << 20))
        messages = [f"message {number}" for number in range(500)]
        client.rpush("pampax:pampax.indexing", *messages[:250])
        stored = [f"v1:search:{number}" for number in range(500)]  # 32 MB into 8
        for key in stored:
            client.set(key, answer, px=600_000)
        client.rpush("pampax:pampax.indexing", *messages[250:])
        assert client.lrange("pampax:pampax.indexing", 0, -1) == [message.encode() for message in messages]
        assert 0 < client.exists(*stored) < len(stored)
        assert client.info("stats")["evicted_keys"] > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_folder_that_the_account_cannot_enter_is_refused_and_left_alone(folder: Path) -> None:
    account = server_account()
    assert account is not None
    folder.chmod(0o700)
    sentence = f"account '{account.name}', which cannot enter {folder}"
    with pytest.raises(ConfigError, match=sentence), running_postgres(folder / "below"):
        pass
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_servers_of_root_run_as_an_ordinary_account(folder: Path) -> None:
    with running_server(folder) as server:
        owners = {int((server.data / name).stat().st_uid) for name in ("PG_VERSION", "postmaster.pid")}
    assert 0 not in owners
