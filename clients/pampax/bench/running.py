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
from pampax.bench.golden.annotations import annotated_repositories
from pampax.bench.golden.packages import golden_repositories
from pampax.bench.machine import this_machine
from pampax.bench.record import Code, Machine, Run
from pampax.bench.repository import Repository, annotated, generated, none, unpacked
from pampax.bench.suites import BUNDLES, QUALITY, SCALE, SUITES
from pampax.bench.suites.job import FULL, QUICK, Dose, Job, Remote, scratch_folder
from pampax.bench.system import THIS, Installation
from pampax.core.errors import ConfigError
from pampax.runtime.variables import variable_of

Tell = Callable[[str], None]
GOLDEN, ANNOTATIONS = "golden", "annotations"
CHUNKS = (30_000, 100_000)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: suites by name, and a size of the generated corpus or a package as `name==version`.

    The suite quality has the golden queries and their packages for a corpus; `annotations`: in place of those, a folder
    of questions and one with the sources that they are about. `answers`: the folder that gets a page for each of them.
    `chunks`: the sizes of the suite scale; `reranker`: the model's folder that every system is set to use.
    `histories`: the folder with clones for the suite bundles.
    """

    suites: tuple[str, ...]
    corpus: str = "small"
    quick: bool = False
    remote: Remote | None = None
    annotations: tuple[Path, Path] | None = None
    answers: Path | None = None
    chunks: tuple[int, ...] = CHUNKS
    reranker: Path | None = None
    histories: Path | None = None

    @property
    def dose(self) -> Dose:
        return QUICK if self.quick else FULL

    def check(self) -> None:
        """ConfigError before anything is started."""
        if self.corpus not in SIZES and not is_requirement(self.corpus):
            raise ConfigError(
                f"there is no corpus {self.corpus!r}: give {', '.join(SIZES)} or a package as name==version"
            )
        for own in (QUALITY, SCALE, BUNDLES):
            if own in self.suites and self.suites != (own,):
                raise ConfigError(f"the suite {own} has repositories of its own: run it by itself")
        if self.annotations is not None and QUALITY not in self.suites:
            raise ConfigError("--annotations is for the suite quality: add --suite quality")
        if self.answers is not None and QUALITY not in self.suites:
            raise ConfigError("--answers is for the suite quality: add --suite quality")
        if (self.histories is None) is (BUNDLES in self.suites):
            raise ConfigError("the suite bundles and --histories DIR, a folder with clones, go together: give both")
        if self.remote is not None and self.suites != ("serve",):
            raise ConfigError("a system that runs already can be measured by the suite serve only: add --suite serve")


def run(wanted: Wanted, installation: Installation, tell: Tell, rounds: int = 1) -> Run:
    """So many rounds of all suites, each with new systems; nothing of them is left."""
    wanted.check()
    machine, code = this_machine(), code_of(installation)
    with scratch_folder() as folder:
        repository = prepare(wanted, folder / "corpus", tell)
        measured = [one_round(wanted, installation, repository, folder, tell) for _ in range(rounds)]
    return record(wanted, code, repository, machine, measured)


def prepare(wanted: Wanted, folder: Path, tell: Tell) -> Repository:
    """The corpus, in a new `folder`, or the repositories of the suite quality."""
    if wanted.annotations is not None:
        return annotated(ANNOTATIONS, folder, tuple(annotated_repositories(*wanted.annotations)))
    if QUALITY in wanted.suites:
        return annotated(GOLDEN, folder, tuple(golden_repositories(folder, tell)))
    for own in (SCALE, BUNDLES):
        if own in wanted.suites:
            return none(own, folder)
    tell(f"preparing the corpus {wanted.corpus}")
    if wanted.corpus in SIZES:
        return generated(wanted.corpus, folder)
    package = fetched(wanted.corpus, folder)
    return unpacked(wanted.corpus, package.folder, package.digest)


def one_round(
    wanted: Wanted, installation: Installation, repository: Repository, folder: Path, tell: Tell
) -> tuple[Figure, ...]:
    """Every suite once."""
    figures: list[Figure] = []
    for suite in wanted.suites:
        told = _prefixed(tell, suite if installation.label == THIS else f"{installation.label}, {suite}")
        settings = {variable_of(("search", "reranker")): str(wanted.reranker)} if wanted.reranker else {}
        job = Job(
            installation, repository, wanted.dose, folder, told, wanted.remote, wanted.answers, wanted.chunks, settings,
            wanted.histories,
        )  # fmt: skip
        figures += SUITES[suite](job)
    return tuple(with_asked(figure, repository.corpus.name) for figure in figures)


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
