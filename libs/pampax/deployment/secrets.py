"""The secrets of a deployment: made at its first start, then the same, and shown to each part as far as it needs.

One folder is the vault, which only this module reads. Every other folder belongs to one audience: the services find a
pampax.toml there, Postgres and Redis find their passwords. In containers each folder is a volume of its own.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from pampax.core.errors import FailedPrecondition, LocalIOError
from pampax.storage.keys import new_key
from pampax.storage.migrate import SERVICE_ROLE

OWNER_ROLE = "pampax_owner"
DATABASE = "pampax"
POSTGRES, REDIS = "postgres:5432", "redis:6379"
VAULT = "vault"
SETTINGS_FILE = "pampax.toml"
# The servers of Postgres and Redis run under users of their own and read their folder as members of our group.
FILE_MODE = 0o640
PASSWORD_BYTES = 24
KEY_BYTES = 32  # 256 bits

Document = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """All there are. Passwords and keys in hex are safe in addresses, files and SQL without quoting."""

    superuser_password: str
    owner_password: str
    service_password: str
    redis_password: str
    key_pepper: str
    caller_secret: str
    api_key: str
    credential_keys: str


_MAKE: Mapping[str, Callable[[], str]] = {
    **{field.name: lambda: secrets.token_hex(PASSWORD_BYTES) for field in fields(Secrets)},
    "key_pepper": lambda: secrets.token_hex(KEY_BYTES),
    "caller_secret": lambda: secrets.token_hex(KEY_BYTES),
    "api_key": new_key,
    "credential_keys": lambda: secrets.token_hex(KEY_BYTES),
}


def prepare(folder: Path, given: Mapping[str, str]) -> None:
    """Makes what is missing in the vault and writes every audience's files anew; safe to repeat.

    `given` holds values to keep in place of made ones, by the name of the secret; an empty one counts as not given.
    LocalIOError when a folder is missing or cannot be written.
    """
    try:
        known = Secrets(
            **{name: _kept(folder / VAULT / name, given.get(name, ""), make) for name, make in _MAKE.items()}
        )
        for path, text in _files(known).items():
            _write(folder / path, text)
    except OSError as error:
        raise LocalIOError(f"the secrets cannot be written: {error}; is each folder below {folder} mounted?") from error


def api_key(folder: Path) -> str:
    """The key of the first start; FailedPrecondition before that."""
    try:
        return (folder / VAULT / "api_key").read_text("ascii")
    except OSError as error:
        raise FailedPrecondition("there is no API key yet; start the system first") from error


def _files(known: Secrets) -> dict[str, str]:
    """By path below the folder: what each audience may know, and nothing else."""
    services = {"caller_secret": known.caller_secret}
    database = {"url": _postgres(SERVICE_ROLE, known.service_password)}
    redis = {"url": f"redis://:{known.redis_password}@{REDIS}/0"}
    owner = {"owner_url": _postgres(OWNER_ROLE, known.owner_password), "service_password": known.service_password}
    pepper = {"key_pepper": known.key_pepper}
    git = {"credential_keys": known.credential_keys}
    documents: Mapping[str, Document] = {
        "gateway": {"database": database, "redis": redis, "auth": {**services, **pepper}},
        "services": {"database": database, "auth": services},
        "indexing": {"database": database, "redis": redis, "auth": services, "indexing": git},
        "worker": {"database": database, "redis": redis, "indexing": git},
        "migrate": {"database": owner, "auth": pepper, "bootstrap": {"api_key": known.api_key}},
    }
    return {
        **{f"{audience}/{SETTINGS_FILE}": _toml(document) for audience, document in documents.items()},
        "client/api_key": known.api_key,
        "postgres/superuser_password": known.superuser_password,
        "postgres/owner_password": known.owner_password,
        "redis/password": known.redis_password,
        "redis/password.conf": f"requirepass {known.redis_password}\n",
    }


def _postgres(role: str, password: str) -> str:
    return f"postgresql://{role}:{password}@{POSTGRES}/{DATABASE}"


def _toml(document: Document) -> str:
    """Text in JSON's quotes is text in TOML's."""
    lines = []
    for section, values in document.items():
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items()), ""]
    return "\n".join(lines)


def _kept(path: Path, given: str, make: Callable[[], str]) -> str:
    if not given and path.exists():
        return path.read_text("ascii")
    value = given or make()
    _write(path, value)
    return value


def _write(path: Path, text: str) -> None:
    """Replaces the file at once: a reader sees the old text or the new, never a part."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, FILE_MODE)  # whatever the umask took away
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
