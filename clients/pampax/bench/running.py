"""A whole run: the corpus, the suites in their order, and what they were taken on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pampax.bench.asked import with_asked
from pampax.bench.checkouts import code_of
from pampax.bench.corpus.packages import fetched, is_requirement
from pampax.bench.corpus.plan import SIZES
from pampax.bench.figures import Figure
from pampax.bench.machine import this_machine
from pampax.bench.record import Code, Machine, Run
from pampax.bench.repository import Repository, generated, unpacked
from pampax.bench.suites import SUITES
from pampax.bench.suites.job import FULL, QUICK, Dose, Job, Remote, scratch_folder
from pampax.bench.system import THIS, Installation
from pampax.core.errors import ConfigError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: suites by name, and a size of the generated corpus or a package as `name==version`."""

    suites: tuple[str, ...]
    corpus: str = "small"
    quick: bool = False
    remote: Remote | None = None

    @property
    def dose(self) -> Dose:
        return QUICK if self.quick else FULL

    def check(self) -> None:
        """ConfigError before anything is started."""
        if self.corpus not in SIZES and not is_requirement(self.corpus):
            raise ConfigError(
                f"there is no corpus {self.corpus!r}: give {', '.join(SIZES)} or a package as name==version"
            )
        if self.remote is not None and self.suites != ("serve",):
            raise ConfigError("a system that runs already can be measured by the suite serve only: add --suite serve")


def run(wanted: Wanted, installation: Installation, tell: Tell, rounds: int = 1) -> Run:
    """So many rounds of all suites, each with new systems; nothing of them is left."""
    wanted.check()
    machine, code = this_machine(), code_of(installation)
    with scratch_folder() as folder:
        repository = prepare(wanted.corpus, folder / "corpus", tell)
        measured = [one_round(wanted, installation, repository, folder, tell) for _ in range(rounds)]
    return record(wanted, code, repository, machine, measured)


def prepare(corpus: str, folder: Path, tell: Tell) -> Repository:
    """The corpus, in a new `folder`."""
    tell(f"preparing the corpus {corpus}")
    if corpus in SIZES:
        return generated(corpus, folder)
    package = fetched(corpus, folder)
    return unpacked(corpus, package.folder, package.digest)


def one_round(
    wanted: Wanted, installation: Installation, repository: Repository, folder: Path, tell: Tell
) -> tuple[Figure, ...]:
    """Every suite once."""
    figures: list[Figure] = []
    for suite in wanted.suites:
        told = _prefixed(tell, suite if installation.label == THIS else f"{installation.label}, {suite}")
        job = Job(installation, repository, wanted.dose, folder, told, wanted.remote)
        figures += SUITES[suite](job)
    return tuple(with_asked(figure, wanted.corpus) for figure in figures)


def record(
    wanted: Wanted,
    code: Code,
    repository: Repository,
    machine: Machine,
    rounds: Sequence[tuple[Figure, ...]],
) -> Run:
    return Run(
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=wanted.quick,
        machine=machine,
        code=code,
        corpus=repository.corpus,
        rounds=tuple(rounds),
    )


def _prefixed(tell: Tell, prefix: str) -> Tell:
    return lambda text: tell(f"{prefix}: {text}")
