"""One Valkey server in a folder: cache, counters and the workers' broker, on loopback TCP behind a password."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from pampax.embedded.account import Account, give, require_passable, server_account
from pampax.embedded.binaries import packages_are_passable, valkey_binary
from pampax.embedded.foreground import run_foreground
from pampax.embedded.layout import PASSABLE, PRIVATE, make_folder
from pampax.embedded.ports import LOOPBACK, free_port
from pampax.embedded.secrets import read_or_create, write_private

CONNECT_TIMEOUT_S = 2.0

SETTINGS = {
    "bind": LOOPBACK,
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',  # the append-only file is the one copy; no snapshots beside it
    "maxmemory": "256mb",
    # It is a broker too: what has no time to live is a message of the queue and stays, whatever the cache would need.
    "maxmemory-policy": "volatile-lru",
    "loglevel": "notice",
    "logfile": '""',  # to stdout
}


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """The server whose data lie in `directory`; `run_as` is the account it runs under when we are root."""

    directory: Path
    binary: Path
    port: int
    log_file: Path
    run_as: Account | None = None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def prepare(self) -> None:
        """Make the folders and write the configuration, which holds the password and so never shows in a `ps`."""
        require_passable(self.directory, self.run_as)
        make_folder(self.directory, PASSABLE)
        make_folder(self.data, PRIVATE)
        give(self.data, self.run_as)
        settings = {**SETTINGS, "port": str(self.port), "dir": f'"{self.data}"', "requirepass": self._password()}
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        write_private(self._configuration, text, self.run_as)

    def command(self) -> list[str]:
        """Runs the server in the foreground, logging to stdout. SIGTERM and SIGINT stop it with nothing lost."""
        return [str(self.binary), str(self._configuration)]

    def ready(self) -> bool:
        """Whether it answers now: not while it still loads its data."""
        return answers(self.url())

    def url(self, database: int = 0) -> str:
        return f"redis://:{self._password()}@{LOOPBACK}:{self.port}/{database}"

    @property
    def _configuration(self) -> Path:
        return self.directory / "valkey.conf"

    def _password(self) -> str:
        return read_or_create(self.directory / "valkey.password")


def answers(url: str) -> bool:
    """Whether the server at this address answers PING now; False after `CONNECT_TIMEOUT_S` of silence."""
    timeout = CONNECT_TIMEOUT_S
    try:
        with redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def running_valkey(directory: Path | None = None) -> Iterator[str]:
    """For tests: the address of a server in `directory`, or in a new folder that is removed again."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="pampax-valkey-") as made, running_valkey(Path(made)) as url:
            yield url
        return
    make_folder(directory, PASSABLE)
    account = server_account()
    binary = valkey_binary(directory / "bin", None if packages_are_passable(account) else account)
    server = EmbeddedValkey(directory / "valkey", binary, free_port(), directory / "valkey.log", account)
    server.prepare()
    with run_foreground(server.command(), server.ready, server.log_file, account):
        yield server.url()
