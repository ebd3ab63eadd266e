"""One PostgreSQL cluster with pgvector in a folder: prepared once, then run in the foreground on loopback TCP."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from pampax.core.errors import ConfigError, LocalIOError
from pampax.embedded.account import Account, give, process_account, require_passable, server_account
from pampax.embedded.binaries import major_version, packages_are_passable, postgres_bin_dir
from pampax.embedded.foreground import run_foreground
from pampax.embedded.layout import PASSABLE, make_folder
from pampax.embedded.ports import LOOPBACK, free_port
from pampax.embedded.secrets import read_or_create, write_private

SUPERUSER = "postgres"
OWNER = "pampax_owner"
DATABASE = "pampax"
PREPARE_TIMEOUT_S = 120
CONNECT_TIMEOUT_S = 2
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # looked at, never written
MIN_SHARED_MEMORY_BYTES = 1 << 30  # a parallel index build asks for maintenance_work_mem at once; containers have 64 MB
# Of the machine's memory, once for pages that are kept and once for building an index, which one process of the cluster
# does at a time. Either is taken only as it is needed.
MEMORY_SHARE = 16
LEAST_BUFFER_BYTES, MOST_BUFFER_BYTES = 128 << 20, 384 << 20  # no service shall take more than 500 MB
LEAST_BUILD_BYTES, MOST_BUILD_BYTES = 256 << 20, 1 << 30

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "autovacuum_work_mem": "64MB",
    "max_connections": "100",
    "jit": "off",  # costs more than it saves on short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    # Nobody replicates an embedded cluster: with the minimal level a COPY into a new table writes no log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_compression": "pglz",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    # After a kill every file is synced before recovery starts: one call in place of a thousand.
    "recovery_init_sync_method": "syncfs" if sys.platform == "linux" else "fsync",
}
THROW_AWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """The cluster in `directory`, run by the programs in `bin_dir`; `run_as` is needed when we are root."""

    directory: Path
    bin_dir: Path
    port: int
    log_file: Path
    run_as: Account | None = None
    durable: bool = True  # False: faster, and lost by a power cut, though not by a kill

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def prepare(self) -> None:
        """Make the cluster with its roles, database and extension, unless it is there. About a second, once.

        It is made aside and renamed at the end, so that a killed preparation simply starts again.
        """
        require_passable(self.directory, self.run_as)
        make_folder(self.directory, PASSABLE)
        if self.data.exists():
            self._require_same_version()
            give(self.data, self.run_as)
            return
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        give(fresh, self.run_as)
        self._initialise(fresh)
        self._single_user(fresh, "postgres", _roles_and_database(self._password(OWNER)))
        self._single_user(fresh, DATABASE, "CREATE EXTENSION IF NOT EXISTS vector;\n")
        fresh.rename(self.data)

    def command(self) -> list[str]:
        """Runs the server in the foreground, logging to stderr. SIGINT stops it at once and cleanly, SIGTERM waits
        for its clients. After a kill, `clear_stale_pid_file` must come first."""
        settings = {**SETTINGS, **_memory_settings(), **_shared_memory_settings(), "port": str(self.port)}
        if not self.durable:
            settings |= THROW_AWAY_SETTINGS
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.bin_dir / "postgres"), "-D", str(self.data), *options]

    def ready(self) -> bool:
        """Whether the owner can query its database now."""
        return answers(self.dsn())

    def dsn(self, user: str = OWNER, dbname: str = DATABASE) -> str:
        """Address with password for `SUPERUSER` or `OWNER`, the two roles that `prepare` makes."""
        return f"postgresql://{user}:{self._password(user)}@{LOOPBACK}:{self.port}/{dbname}"

    def _password(self, role: str) -> str:
        return read_or_create(self.directory / f"{role}.password")

    def _require_same_version(self) -> None:
        have = (self.data / "PG_VERSION").read_text().strip()
        need = major_version(self.bin_dir / "postgres")
        if have != need:
            raise ConfigError(
                f"{self.data} was written by PostgreSQL {have} and this pampax runs {need}; "
                "move the data directory away and index again, or install the version that wrote it"
            )

    def _initialise(self, data: Path) -> None:
        password_file = self.directory / "initdb.password"
        write_private(password_file, self._password(SUPERUSER), self.run_as)
        try:
            self._run(
                [
                    "initdb", "--pgdata", str(data), "--username", SUPERUSER, "--pwfile", str(password_file),
                    "--auth", "scram-sha-256", "--data-checksums", "--encoding", "UTF8",
                    # The same order of text on every machine, whatever locales it has.
                    "--no-locale", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
                    *([] if self.durable else ["--no-sync"]),
                ],
                "",
            )  # fmt: skip
        finally:
            password_file.unlink(missing_ok=True)

    def _single_user(self, data: Path, database: str, statements: str) -> None:
        options = ["-c", "exit_on_error=on", "-c", "log_checkpoints=off", "-c", "log_min_error_statement=panic"]
        self._run(["postgres", "--single", "-D", str(data), *options, database], statements)

    def _run(self, command: list[str], text: str) -> None:
        try:
            done = subprocess.run(
                [self.bin_dir / command[0], *command[1:]],
                input=text, capture_output=True, text=True, timeout=PREPARE_TIMEOUT_S, cwd=self.directory,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, **process_account(self.run_as),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise LocalIOError(
                f"{command[0]} took more than {PREPARE_TIMEOUT_S} s in {self.directory}; is the disk working?"
            ) from error
        with self.log_file.open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0:
            reason = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
            raise LocalIOError(f"the database in {self.directory} could not be made: {reason}; see {self.log_file}")


def answers(dsn: str) -> bool:
    """Whether the address can be queried now; False after `CONNECT_TIMEOUT_S` of silence."""
    try:
        with psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def server_processes(data: Path) -> list[psutil.Process]:
    """The live processes that serve this cluster; each of them keeps the cluster folder as its working directory."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and Path(process.cwd()) == data.resolve():
                found.append(process)
    return found


def clear_stale_pid_file(data: Path) -> bool:
    """Remove the postmaster.pid of a killed server; False when the cluster still has processes.

    Left in place it can bar the start for good: its number may belong to a zombie or, after a reboot, to anything.
    While a process of the cluster lives it must stay, because it guards the data against a second server.
    """
    if server_processes(data):
        return False
    (data / "postmaster.pid").unlink(missing_ok=True)
    return True


@contextmanager
def running_server(directory: Path | None = None) -> Iterator[EmbeddedPostgres]:
    """For tests: a server in `directory`, or in a new folder that is removed again. It is not durable."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="pampax-postgres-") as made, running_server(Path(made)) as server:
            yield server
        return
    make_folder(directory, PASSABLE)
    account = server_account()
    bin_dir = postgres_bin_dir(directory / "bin", None if packages_are_passable(account) else account)
    log_file = directory / "postgres.log"
    server = EmbeddedPostgres(directory / "postgres", bin_dir, free_port(), log_file, account, durable=False)
    server.prepare()
    clear_stale_pid_file(server.data)
    with run_foreground(server.command(), server.ready, server.log_file, account):
        yield server


@contextmanager
def running_postgres(directory: Path | None = None) -> Iterator[str]:
    """As `running_server`, giving the address of the database `pampax` for its owner."""
    with running_server(directory) as server:
        yield server.dsn()


def _roles_and_database(password: str) -> str:
    return (
        f"CREATE ROLE {OWNER} LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD '{password}';\n"
        f"CREATE DATABASE {DATABASE} OWNER {OWNER};\n"
    )


def _memory_settings() -> dict[str, str]:
    """The graph of an HNSW index takes 1.2 KB a vector while it is built, and ten times as long where that does not
    fit: 256 MB are enough for 200,000 vectors, 1 GB for 800,000. A search among 500,000 looks at 5,000 pages of 50,000,
    and takes half as long where they are kept."""
    spare = psutil.virtual_memory().total // MEMORY_SHARE
    return {
        "shared_buffers": f"{min(max(spare, LEAST_BUFFER_BYTES), MOST_BUFFER_BYTES) >> 20}MB",
        "maintenance_work_mem": f"{min(max(spare, LEAST_BUILD_BYTES), MOST_BUILD_BYTES) >> 20}MB",
    }


def _shared_memory_settings() -> dict[str, str]:
    if not SHARED_MEMORY.is_dir() or shutil.disk_usage(SHARED_MEMORY).total >= MIN_SHARED_MEMORY_BYTES:
        return {}
    return {"dynamic_shared_memory_type": "mmap"}
