"""Migrations are applied in order and once by the owner of the database.

Each file is one transaction under an advisory lock, so that migrators started at once take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from pampax.core.errors import ConfigError, Internal
from pampax.storage.migration_files import FOLDER, Migration, Phase, migrations
from pampax.storage.queries import load_queries
from pampax.storage.schema import Fit, compare
from pampax.storage.session import SyncConnection, connection_string
from pampax.storage.trouble import translated_errors

SERVICE_ROLE = "pampax_service"
MIN_SERVER_VERSION = 160_000  # role memberships without inheritance, which the functions' owner needs
LOCK_TIMEOUT_S = 300  # another migrator at work; a migration waiting for a table lock
LOCAL_TENANT = UUID("00000000-0000-4000-8000-00000000000a")
LOCAL_PRINCIPAL = UUID("00000000-0000-4000-8000-00000000000b")

_QUERIES = load_queries(__package__)
_LOCK = _QUERIES["lock_migrations"]
_CREATE_REGISTER = _QUERIES["create_schema_migration"]
_HAS_REGISTER = _QUERIES["has_schema_migration"]
_APPLIED = _QUERIES["applied_migrations"]
_RECORD = _QUERIES["record_migration"]
_LET_SERVICES_CHECK = _QUERIES["let_services_check"]
_BOOTSTRAP = _QUERIES["bootstrap_local"]
_SET_TENANT = _QUERIES["set_tenant"]


@dataclass(frozen=True, slots=True)
class MigrationState:
    """A migration and when it was applied; None while it is pending. `newer`: no file of this version."""

    name: str
    applied_at: datetime | None
    newer: bool = False


def migrate(
    owner_url: str, *, phase: Phase | None = None, service_password: str = "", folder: Path = FOLDER
) -> list[str]:
    """Apply what is pending (of one phase or all), set the service role's password; the names that were applied.

    ConfigError when a file was changed after it was applied, the owner lacks a right or the database is newer than
    these files; safe to repeat.
    """
    known = migrations(folder)
    wanted = [each for each in known if phase in (None, each.phase)]
    with owner_connection(owner_url) as conn:
        _prepare(conn)
        _refuse_backwards(conn, known)
        applied = [each.name for each in wanted if _apply(conn, each)]
        with _step(conn, "the service role could not be set up"):
            conn.execute(_LET_SERVICES_CHECK)
            if service_password:
                _set_password(conn, service_password)
    return applied


def status(owner_url: str, *, folder: Path = FOLDER) -> list[MigrationState]:
    """Every file with its state, in order, then what a newer version has applied; ConfigError for a changed file."""
    with owner_connection(owner_url) as conn, translated_errors():
        applied = _register(conn)
    known = migrations(folder)
    for each in known:
        _refuse_changed(each, applied)
    newer = sorted(applied.keys() - {each.name for each in known})
    return [
        *(
            MigrationState(each.name, applied[each.name]["applied_at"] if each.name in applied else None)
            for each in known
        ),
        *(MigrationState(name, applied[name]["applied_at"], newer=True) for name in newer),
    ]


def bootstrap_local(owner_url: str, hashed_key: bytes, *, embedded: bool) -> None:
    """Tenant, principal and admin binding `local` with this key; safe to repeat.

    Only the key of an embedded system may name folders of the machine that it runs on: elsewhere they are the server's.
    """
    with owner_connection(owner_url) as conn, _step(conn, "the local tenant could not be set up"):
        ids = {"tenant_id": LOCAL_TENANT, "principal_id": LOCAL_PRINCIPAL}
        conn.execute(_SET_TENANT, ids)
        conn.execute(_BOOTSTRAP, {**ids, "key_hmac": hashed_key, "local": embedded})


@contextmanager
def owner_connection(owner_url: str) -> Iterator[SyncConnection]:
    """An autocommit connection of the schema's owner."""
    with translated_errors():
        conn = psycopg.connect(connection_string(owner_url, "migrate"), autocommit=True, row_factory=dict_row)
    with conn:
        yield conn


def _prepare(conn: SyncConnection) -> None:
    version = conn.info.server_version
    if version < MIN_SERVER_VERSION:
        raise ConfigError(f"the database is PostgreSQL {version // 10_000}; PAMPAX needs 16 or later")
    with _step(conn, "the register of migrations could not be made"):
        conn.execute(_CREATE_REGISTER)


def _refuse_backwards(conn: SyncConnection, known: Sequence[Migration]) -> None:
    """A newer `pre` migration leaves this version working, so that it can be returned to; a `post` one does not."""
    with translated_errors():
        state = compare(known, _register(conn))
    if state.fit is Fit.TOO_NEW:
        raise ConfigError(
            f"the database is newer than this version ({', '.join(state.names)}) and there is no way back: "
            "migrate with the version that brought them, or newer",
            reason="SCHEMA_TOO_NEW",
        )


def _apply(conn: SyncConnection, migration: Migration) -> bool:
    with _step(conn, f"migration {migration.name} failed"):
        applied = _register(conn)
        if migration.name in applied:
            _refuse_changed(migration, applied)
            return False
        conn.execute(migration.text)
        conn.execute(_RECORD, {"name": migration.name, "sha256": migration.sha256})
    return True


@contextmanager
def _step(conn: SyncConnection, failure: str) -> Iterator[None]:
    """One transaction under the lock; what Postgres refuses becomes one line that says what to do."""
    try:
        with translated_errors(), conn.transaction():
            conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_S}s")))
            conn.execute(_LOCK)
            yield
    except pg.InsufficientPrivilege as error:
        raise ConfigError(f"{failure}: {_message(error)}; {_privilege_advice(error)}") from error
    except (pg.FeatureNotSupported, pg.UndefinedFile) as error:
        raise ConfigError(f"{failure}: {_message(error)}; install pgvector on the database server") from error
    except psycopg.Error as error:
        raise Internal(f"{failure}: {_message(error)}") from error


def _privilege_advice(error: psycopg.Error) -> str:
    if "extension" in _message(error):
        return "run CREATE EXTENSION vector in this database as a superuser, then migrate again"
    return (
        "the owner needs CREATEROLE and, where the roles exist already, the admin option on them (as a superuser: "
        f"GRANT {SERVICE_ROLE}, pampax_definer TO <owner> WITH ADMIN TRUE, INHERIT FALSE, SET FALSE)"
    )


def _set_password(conn: SyncConnection, password: str) -> None:
    """Sent as a SCRAM verifier, so that no server log can hold the password."""
    verifier = conn.pgconn.encrypt_password(password.encode(), SERVICE_ROLE.encode(), b"scram-sha-256")
    conn.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SERVICE_ROLE), sql.Literal(verifier.decode()))
    )


def _register(conn: SyncConnection) -> dict[str, DictRow]:
    present = conn.execute(_HAS_REGISTER).fetchone()
    rows: Sequence[DictRow] = conn.execute(_APPLIED).fetchall() if present and present["present"] else []
    return {row["name"]: row for row in rows}


def _refuse_changed(migration: Migration, applied: dict[str, DictRow]) -> None:
    row = applied.get(migration.name)
    if row is not None and row["sha256"] != migration.sha256:
        raise ConfigError(
            f"migration {migration.name} was changed after it was applied; restore it and change things in a new one"
        )


def _message(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).partition("\n")[0]
