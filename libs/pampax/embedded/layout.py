"""Where one embedded system keeps its files: a data directory and everything below it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pampax.core.errors import ConfigError, LocalIOError, PampaxError
from pampax.embedded.account import Account, require_passable
from pampax.runtime.configuration.names import FILE_NAME

MIN_FREE_BYTES = 256 * 1024 * 1024  # an empty cluster, its write-ahead log and the copied binaries take about 150 MB
PRIVATE = 0o700
# What may lie in a folder that is to become a data directory: `pampax config init` may have been there first.
_BEFORE_US = ("lost+found", FILE_NAME)
PASSABLE = 0o711  # lets the servers' unprivileged account through without listing what is there


@dataclass(frozen=True, slots=True)
class DataDir:
    """One embedded system's folder. Two of them are two systems that share nothing."""

    root: Path

    def __post_init__(self) -> None:
        # Processes with other working directories are told this path, and marks compare it.
        object.__setattr__(self, "root", self.root.expanduser().resolve())

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def bin(self) -> Path:
        """Server binaries, copied here only for root (see `binaries`)."""
        return self.root / "bin"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def cache(self) -> Path:
        """What the indexing workers may keep between jobs: clones of repositories."""
        return self.root / "cache"

    @property
    def secrets(self) -> Path:
        """A folder of 0600 files, one secret each."""
        return self.root / "secrets"

    @property
    def config_file(self) -> Path:
        """Settings of the user's own, if there are any."""
        return self.root / FILE_NAME

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def lock_file(self) -> Path:
        """Held by the leading supervisor for as long as it leads."""
        return self.run / "supervisor.lock"

    @property
    def start_lock_file(self) -> Path:
        """Held while a system is started or stopped, so that two commands do not do it at once."""
        return self.run / "start.lock"

    @property
    def plan_file(self) -> Path:
        """What the supervisors run: process specs with their environments, secrets included."""
        return self.run / "plan.json"

    @property
    def beat_file(self) -> Path:
        """Touched by the worker while it lives."""
        return self.run / "worker.beat"

    def log_of(self, name: str) -> Path:
        return self.log / f"{name}.log"

    def prepare(self, account: Account | None = None) -> None:
        """Make the folders. ConfigError or LocalIOError, in one line, when this place cannot hold a system.

        `account` is the one that the servers will run under; it must be able to get here.
        """
        with clear_io_errors(self.root):
            for folder in (self.root, *self.root.parents):
                if folder.exists() and not folder.is_dir():
                    raise ConfigError(f"{folder} is a file and not a folder; choose another --data-dir")
            require_passable(self.root, account)
            self._refuse_foreign()
            make_folder(self.root, PRIVATE if account is None else PASSABLE)
            for folder in (self.log, self.run, self.cache, self.secrets):
                make_folder(folder, PRIVATE)

    def _refuse_foreign(self) -> None:
        """A slip in --data-dir must not fill somebody's project and change its mode."""
        ours = self.run.is_dir() and self.secrets.is_dir()
        if not ours and self.root.is_dir() and any(entry.name not in _BEFORE_US for entry in self.root.iterdir()):
            raise ConfigError(
                f"{self.root} holds other files and no PAMPAX system; choose an empty or new folder as --data-dir"
            )

    def require_space(self) -> None:
        """LocalIOError when a system could not start for want of space."""
        free = shutil.disk_usage(self.root).free
        if free < MIN_FREE_BYTES:
            raise LocalIOError(
                f"{self.root} has {free >> 20} MB left and needs {MIN_FREE_BYTES >> 20} MB; "
                "free some space or choose another --data-dir"
            )


def default_data_dir(environ: Mapping[str, str] = os.environ) -> DataDir:
    """Root keeps it outside any home, because the servers run under another account; a user keeps it in the home."""
    if os.geteuid() == 0:
        return DataDir(Path("/var/lib/pampax"))
    base = environ.get("XDG_DATA_HOME")
    return DataDir((Path(base) if base else Path.home() / ".local" / "share") / "pampax")


def make_folder(path: Path, mode: int) -> None:
    """Make the folder (and its parents) if need be and set its own mode; a parent that exists is never changed."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)


@contextmanager
def clear_io_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says about files at or below `path` into one clear line."""
    try:
        yield
    except OSError as error:
        raise _explain(error, path) from error


def _explain(error: OSError, path: Path) -> PampaxError:
    where = error.filename or path
    if isinstance(error, shutil.Error):  # a list of what could not be copied: the first says it
        return LocalIOError(f"{path}: {error.args[0][0][2]}; check the disk or choose another --data-dir")
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return LocalIOError(
                f"{where} cannot be read or written ({error.strerror}); "
                "run pampax as the user who owns it or choose another --data-dir"
            )
        case errno.ENOSPC | errno.EDQUOT:
            return LocalIOError(f"no space left for {where}; free some space or choose another --data-dir")
    return LocalIOError(f"{where}: {error.strerror or error}; check the disk or choose another --data-dir")
