"""A run or a comparison as a picture, PNG or SVG by the name of the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.ticker import ScalarFormatter

from pampax.bench.comparison import THRESHOLD, Compared, Verdict
from pampax.bench.figures import Figure
from pampax.bench.report import amount
from pampax.core.errors import ConfigError, LocalIOError

ENDINGS = (".png", ".svg")
_ROW_INCHES, _HEAD_INCHES, _WIDTH_INCHES = 0.3, 1.3, 10.0
# A linear axis would show the small ones as nothing.
_LOG_FROM = 30
_PALE, _BLUE, _GREEN, _RED, _AMBER = "#b7c9de", "#2f6090", "#3d8a5a", "#c0392b", "#c98a1b"
_COLOURS = {Verdict.SAME: _BLUE, Verdict.BETTER: _GREEN, Verdict.WORSE: _RED, Verdict.UNCLEAR: _AMBER}
# What one panel shows: figures of one unit, which share its axis.
_PANELS = (("ms", "milliseconds"), ("/s", "searches per second"), ("s", "seconds"), ("MB", "megabytes"))


def check_ending(path: Path) -> None:
    """ConfigError for what is no picture, before anything is measured."""
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"a plot is written as {' or '.join(ENDINGS)}: {path} is neither")


def plot_run(figures: Sequence[Figure], title: str, path: Path) -> None:
    """A panel per unit: bars are medians, lines reach to p95 and p99, a mark is what is asked."""
    panels = [(label, [each for each in figures if each.unit == unit]) for unit, label in _PANELS]
    panels = [(label, shown) for label, shown in panels if shown]
    heights = [len(shown) * _ROW_INCHES + 0.7 for _, shown in panels]
    sheet = Sheet(figsize=(_WIDTH_INCHES, sum(heights) + _HEAD_INCHES), layout="constrained")
    sheet.suptitle(title, fontsize=10)
    axes = sheet.subplots(len(panels) or 1, 1, squeeze=False, height_ratios=heights or [1.0])[:, 0]
    for axis, (label, shown) in zip(axes, panels, strict=False):
        _bars(axis, shown, label)
    _save(sheet, path)


def plot_comparison(rows: Sequence[Compared], title: str, path: Path) -> None:
    """B / A of each figure with its interval, and the band within which a difference does not matter."""
    sheet = Sheet(figsize=(_WIDTH_INCHES, len(rows) * _ROW_INCHES + _HEAD_INCHES), layout="constrained")
    sheet.suptitle(title, fontsize=10)
    axis = sheet.subplots()
    axis.axvspan(1 / (1 + THRESHOLD), 1 + THRESHOLD, color=_PALE, alpha=0.5, linewidth=0)
    axis.axvline(1, color="black", linewidth=0.8)
    for place, row in enumerate(rows):
        axis.plot(row.interval, (place, place), color=_COLOURS[row.verdict], linewidth=2)
        axis.plot((row.ratio,), (place,), "o", color=_COLOURS[row.verdict], markersize=6)
    _name_rows(axis, [f"{row.suite}: {row.name}{'' if row.better == 'lower' else ' (more is better)'}" for row in rows])
    axis.set_xlabel("B / A, with its 95 % interval; green better, red worse, amber unclear", fontsize=8)
    _save(sheet, path)


def _bars(axis: Axes, figures: Sequence[Figure], label: str) -> None:
    reaches = [max(each.value, each.p99 or each.p95 or 0.0, each.asked or 0.0) for each in figures]
    for place, (figure, reach) in enumerate(zip(figures, reaches, strict=True)):
        axis.barh(place, figure.value, color=_RED if figure.missed else _BLUE, height=0.6)
        for end, width in ((figure.p99, 1.0), (figure.p95, 3.0)):
            if end is not None:
                axis.plot((figure.value, end), (place, place), color=_PALE, linewidth=width, solid_capstyle="butt")
        if figure.asked:
            axis.plot((figure.asked,), (place,), "|", color="black", markersize=11, markeredgewidth=2)
        axis.annotate(amount(figure.value), (reach, place), (5, 0), textcoords="offset points", va="center", fontsize=7)
    smallest = min((each.value for each in figures if each.value > 0), default=1.0)
    if max(reaches) > _LOG_FROM * smallest:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.set_xlim(smallest / 2, max(reaches) * 1.5)
        label += ", logarithmic"
    else:
        axis.set_xlim(0, max(reaches) * 1.1)
    _name_rows(axis, [f"{figure.suite}: {figure.name}" for figure in figures])
    axis.set_xlabel(f"{label}: median, lines to p95 and p99, black mark: asked", fontsize=8)


def _name_rows(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="x", labelsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _save(sheet: Sheet, path: Path) -> None:
    try:
        sheet.savefig(path, dpi=120)
    except OSError as error:
        raise LocalIOError(f"cannot write {path}: {error.strerror}; check --plot") from error
