"""Two sides measured in turn: A B, B A, A B, ...: what drifts on the machine meanwhile drifts for both."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pampax.bench.checkouts import code_of, installed, repository_root
from pampax.bench.comparison import Compared, compare, compare_samples
from pampax.bench.figures import Figure
from pampax.bench.machine import this_machine
from pampax.bench.record import Run, read_run
from pampax.bench.running import Tell, Wanted, one_round, prepare, record
from pampax.bench.suites.job import PASSABLE, scratch_folder
from pampax.core.errors import ConfigError

# With six rounds a side one chance in 924 remains: enough for about forty figures at once.
ROUNDS = 6
# With fewer no difference could be told from chance, not even of a single figure.
FEWEST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """`interleaved`: both were measured in turn. `by_rounds`: each value is a round and not a sample inside one."""

    a: Run
    b: Run
    rows: tuple[Compared, ...]
    interleaved: bool
    by_rounds: bool


def compare_sides(a: str, b: str, wanted: Wanted, rounds: int, folder: Path, tell: Tell) -> Comparison:
    """Measures two commits or checkouts. ConfigError for a side that is neither."""
    wanted.check()
    root = repository_root(folder)
    machine = this_machine()
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_folder())
        installations = []
        for name, state in (("a", a), ("b", b)):
            (scratch / name).mkdir(mode=PASSABLE)
            installations.append(stack.enter_context(installed(root, state, scratch / name, tell)))
        codes = [code_of(installation) for installation in installations]
        repository = prepare(wanted, scratch / "corpus", tell)
        taken: tuple[list[tuple[Figure, ...]], ...] = ([], [])
        for number in range(rounds):
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                counted = _counted(tell, number, rounds)
                taken[side].append(one_round(wanted, installations[side], repository, scratch, counted))
        runs = [
            record(wanted, code, repository, machine, measured) for code, measured in zip(codes, taken, strict=True)
        ]
    return Comparison(runs[0], runs[1], tuple(compare(*taken)), interleaved=True, by_rounds=True)


def compare_files(a: Path, b: Path) -> Comparison:
    """Two records of earlier runs. ConfigError when they are of different corpora."""
    before, after = read_run(a), read_run(b)
    if before.corpus != after.corpus:
        raise ConfigError(
            f"{a} is of the corpus {before.corpus.name} ({before.corpus.digest[:8]}) and {b} of {after.corpus.name} "
            f"({after.corpus.digest[:8]}): compare runs of one corpus"
        )
    by_rounds = min(len(before.rounds), len(after.rounds)) >= FEWEST_ROUNDS
    rows = compare(before.rounds, after.rounds) if by_rounds else compare_samples(before.figures, after.figures)
    return Comparison(before, after, tuple(rows), interleaved=False, by_rounds=by_rounds)


def _counted(tell: Tell, number: int, rounds: int) -> Tell:
    return lambda text: tell(f"round {number + 1} of {rounds}: {text}")
