"""What every suite is given, and how much of everything it does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pampax.bench.repository import Repository
from pampax.bench.system import Installation, System, running
from pampax.core.errors import Unavailable

# Servers that run under an account of their own must be able to get through.
PASSABLE = 0o711


@dataclass(frozen=True, slots=True)
class Dose:
    """How often, and how long: `seconds` for each number of clients, `searches` for each half of the memory suite,
    `tasks` for each clone of the suite bundles."""

    cold: int
    warm_rounds: int
    bundles: int
    clients: tuple[int, ...]
    seconds: float
    searches: int
    telemetry_rounds: int
    saves: int
    tasks: int


FULL = Dose(200, 3, 40, (1, 8, 32), 4.0, 1_000, 10, 20, 35)
QUICK = Dose(40, 1, 8, (1, 8, 32), 0.7, 150, 6, 3, 7)


@dataclass(frozen=True, slots=True)
class Remote:
    """A system that runs already."""

    endpoint: str
    token: str


@dataclass(frozen=True, slots=True)
class Job:
    """`tell` hears what is done now; `remote` takes the place of a system of our own where a suite can do without;
    `answers`: the folder that gets a page for each golden query; `chunks`: the sizes of the suite scale; `settings`:
    variables for every system; `histories`: the folder with clones for the suite bundles."""

    installation: Installation
    repository: Repository
    dose: Dose
    folder: Path
    tell: Callable[[str], None]
    remote: Remote | None = None
    answers: Path | None = None
    chunks: tuple[int, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    histories: Path | None = None

    @contextmanager
    def system(self, settings: Mapping[str, str] | None = None) -> Iterator[System]:
        """A new system, in a folder that goes with it."""
        if self.remote is not None:
            raise Unavailable("this suite starts a system of its own; leave --endpoint away")
        with scratch_folder(self.folder) as folder:
            self.tell("starting a system")
            with running(self.installation, folder, {**self.settings, **(settings or {})}) as system:
                yield system


@contextmanager
def scratch_folder(below: Path | None = None) -> Iterator[Path]:
    """A folder that goes at the end of the block and that the servers' own account can pass."""
    # What a killed system still writes while its folder is taken away is no failure of the measurement.
    with tempfile.TemporaryDirectory(prefix="pampax-bench-", dir=below, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(PASSABLE)
        yield folder
