"""Figures and comparisons as rows of text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from pampax.bench.comparison import ALPHA, THRESHOLD, Compared, Verdict, enough
from pampax.bench.figures import Figure
from pampax.bench.interleaving import Comparison
from pampax.bench.record import Code, Run
from pampax.bench.system import THIS

RUN_HEADERS = ("FIGURE", "P50", "P95", "P99", "UNIT", "N", "CPU S", "ASKED", "BEFORE", "RATIO")
COMPARISON_HEADERS = ("FIGURE", "A", "B", "UNIT", "B/A", "95 %", "P", "VERDICT")
DEFINITIONS = (
    "cold: a question that this system was never asked; its processes and file caches are warm",
    "warm: the same question again, answered from the cache",
    "CPU s: processor seconds of all processes of the system meanwhile; N: samples, all rounds together",
)
_SHORT = 10
# Of the suite quality: a point of a hundred. Single questions make that much difference in a small group, not over all.
MOST_DROP = 0.01
QUALITY = "quality"


def run_rows(figures: Sequence[Figure], before: Mapping[tuple[str, str], Figure]) -> list[tuple[str, ...]]:
    """A row per figure, with the recorded one and the ratio to it where there is one."""
    return [_run_row(figure, before.get(figure.key)) for figure in figures]


def about_run(run: Run) -> list[str]:
    """What one must know to read the table."""
    machine, corpus = run.machine, run.corpus
    rounds = len(run.rounds)
    return [
        f"corpus {corpus.name}: {corpus.files:,} files, {corpus.bytes / 1e6:.1f} MB, {corpus.digest[:8]}",
        f"code {_code(run.code)}, Python {run.code.versions.get('python', '?')}",
        f"{machine.cores} cores, {machine.processor}, {machine.memory_mb / 1000:.0f} GB, {machine.system}",
        f"load average before: {', '.join(f'{each:.1f}' for each in machine.load_before)}",
        f"{rounds} round{'s' if rounds > 1 else ''}{', quick' if run.quick else ''}, {run.taken_at}",
    ]


def dropped(figures: Sequence[Figure], before: Mapping[tuple[str, str], Figure]) -> list[str]:
    """The figures of ranking that are more than a point below the recorded ones."""
    ranked = [each for each in figures if each.suite == QUALITY and each.key in before]
    return [f"{each.suite}: {each.name}" for each in ranked if each.value < before[each.key].value - MOST_DROP]


def missed(figures: Sequence[Figure]) -> list[str]:
    """The figures that are worse than what is asked."""
    return [f"{figure.suite}: {figure.name}" for figure in figures if figure.missed]


def comparison_rows(rows: Sequence[Compared]) -> list[tuple[str, ...]]:
    return [
        (
            f"{row.suite}: {row.name}",
            amount(median(row.a)),
            amount(median(row.b)),
            row.unit,
            f"{row.ratio:.2f}",
            f"{row.interval[0]:.2f}-{row.interval[1]:.2f}",
            f"{row.probability:.3f}",
            row.verdict.value,
        )
        for row in rows
    ]


def about_comparison(comparison: Comparison) -> list[str]:
    """How it was made, and what it cannot say."""
    a, b = comparison.a, comparison.b
    lines = [f"A is {_code(a.code)}", f"B is {_code(b.code)}"]
    lines.append(
        f"worse or better: the medians differ by more than {THRESHOLD:.0%} and chance explains that with less than "
        f"{ALPHA:.0%} (Mann-Whitney, one-sided, exact, corrected after Holm for {len(comparison.rows)} figures)"
    )
    if comparison.interleaved:
        lines.append(f"measured in turn, {len(a.rounds)} rounds each, every round with new systems")
    else:
        lines.append("WEAK: taken at different times; whatever else changed on the machine meanwhile counts as well")
    if not comparison.by_rounds:
        lines.append("WEAKER: too few rounds, so samples inside one run are compared; two starts may differ by more")
    elif not enough(len(a.rounds), len(b.rounds), len(comparison.rows)):
        lines.append("WEAK: too few rounds for so many figures; nothing can be told from chance")
    if comparison.interleaved or a.machine.processor == b.machine.processor:
        return lines
    return [*lines, f"WEAK: different machines: {a.machine.processor}, {b.machine.processor}"]


def worse(rows: Sequence[Compared]) -> list[str]:
    """The figures in which B is significantly worse."""
    return [f"{row.suite}: {row.name} ({row.ratio:.2f})" for row in rows if row.verdict is Verdict.WORSE]


def amount(value: float) -> str:
    """Three digits where there are three to show."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.{3 if 0 < size < 1 else 2}f}"


def _run_row(figure: Figure, before: Figure | None) -> tuple[str, ...]:
    sign = "<=" if figure.better == "lower" else ">="
    ratio = figure.value / before.value if before is not None and before.value > 0 else None
    return (
        f"{figure.suite}: {figure.name}",
        amount(figure.value),
        *("" if value is None else amount(value) for value in (figure.p95, figure.p99)),
        figure.unit,
        str(len(figure.samples)),
        "" if figure.cpu_s is None else amount(figure.cpu_s),
        "" if figure.asked is None else f"{sign} {figure.asked:g}{' MISSED' if figure.missed else ''}",
        "" if before is None else amount(before.value),
        "" if ratio is None else f"{ratio:.2f}",
    )


def _code(code: Code) -> str:
    """The commit, and what it was called when it was asked for."""
    commit = f"{code.commit[:_SHORT]}{'+' if code.dirty else ''}" if code.commit else "outside git"
    if code.label == THIS or code.commit.startswith(code.label):
        return commit
    return code.label if f"({code.commit[:_SHORT]})" in code.label else f"{code.label}, {commit}"
