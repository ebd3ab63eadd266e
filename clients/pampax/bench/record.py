"""Runs and comparisons as JSON files that later runs are compared with."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from pampax.bench.comparison import Compared
from pampax.bench.figures import Figure, pooled
from pampax.core.errors import ConfigError, LocalIOError

# Raised when a reader of the one before would misread it.
SCHEMA: Final = "pampax.bench/1"
# Five digits are more than any clock here deserves.
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Machine:
    """What the run was taken on. `load_before` is the load average of 1, 5 and 15 minutes when it began."""

    cores: int
    processor: str
    memory_mb: int
    system: str
    load_before: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Code:
    """What was measured: `commit` is "" outside git, `dirty` tells of changes on top of it."""

    label: str
    commit: str
    dirty: bool
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was indexed; `digest` tells equal names with different content apart."""

    name: str
    files: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The figures of one or more rounds; every round began with a new system."""

    taken_at: str
    quick: bool
    machine: Machine
    code: Code
    corpus: Corpus
    rounds: tuple[tuple[Figure, ...], ...]
    schema: Literal["pampax.bench/1"] = SCHEMA
    kind: Literal["run"] = "run"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All rounds together."""
        return pooled(self.rounds)


_RUN = TypeAdapter(Run)


def document(run: Run) -> dict[str, Any]:
    """As JSON, with a summary for readers who want no samples."""
    dumped: dict[str, Any] = _RUN.dump_python(run, mode="json")
    rounds = dumped.pop("rounds")
    for figures in rounds:
        for figure in figures:
            figure["samples"] = [_rounded(sample) for sample in figure["samples"]]
    return {
        "schema": dumped.pop("schema"),
        "kind": dumped.pop("kind"),
        **dumped,
        "summary": [_summary(figure) for figure in run.figures],
        "rounds": rounds,
    }


def comparison_document(a: Run, b: Run, rows: Sequence[Compared], *, interleaved: bool) -> dict[str, Any]:
    """Both runs whole, and what was made of them."""
    return {
        "schema": SCHEMA,
        "kind": "comparison",
        "interleaved": interleaved,
        "rows": [_row(row) for row in rows],
        "a": document(a),
        "b": document(b),
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Indented, but for the samples, which stand on one line."""
    text = json.dumps(_without_samples(content), indent=1, ensure_ascii=False)
    for number, samples in enumerate(_samples(content)):
        text = text.replace(f'"@{number}@"', json.dumps(samples, separators=(",", ":")), 1)
    try:
        path.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise LocalIOError(f"cannot write {path}: {error.strerror}; check --output") from error


def read_run(path: Path) -> Run:
    """LocalIOError when there is no such file, ConfigError when it holds no run of this schema."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LocalIOError(
            f"cannot read {path}: {error.strerror}; give a file that `bench run --output` wrote"
        ) from error
    try:
        return _RUN.validate_json(content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise ConfigError(
            f"{path} holds no benchmark run of schema {SCHEMA} ({where or 'no JSON'} is not as it should be); "
            "write it anew with `pampax bench run --output FILE`"
        ) from error


def _summary(figure: Figure) -> dict[str, Any]:
    values = {"p50": figure.value, "p95": figure.p95, "p99": figure.p99, "cpu_s": figure.cpu_s}
    rounded = {name: None if value is None else _rounded(value) for name, value in values.items()}
    head = {"suite": figure.suite, "name": figure.name, "unit": figure.unit, "count": len(figure.samples)}
    return {**head, **rounded, "asked": figure.asked, "better": figure.better}


def _row(row: Compared) -> dict[str, Any]:
    rounded = {
        "a": [_rounded(value) for value in row.a],
        "b": [_rounded(value) for value in row.b],
        "ratio": _rounded(row.ratio),
        "interval": [_rounded(value) for value in row.interval],
        "probability": _rounded(row.probability),
        "verdict": row.verdict.value,
    }
    return {**asdict(row), **rounded}


def _rounded(value: float) -> float | None:
    """None for what JSON cannot say: the ratio of something to nothing."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def _samples(content: object) -> list[list[float]]:
    """Every list of samples, in the order of the text."""
    if isinstance(content, dict):
        return [found for key, value in content.items() for found in ([value] if key == "samples" else _samples(value))]
    return [found for each in content for found in _samples(each)] if isinstance(content, list) else []


def _without_samples(content: object) -> object:
    numbers = iter(range(len(_samples(content))))

    def replaced(part: object) -> object:
        if isinstance(part, dict):
            return {key: f"@{next(numbers)}@" if key == "samples" else replaced(value) for key, value in part.items()}
        return [replaced(each) for each in part] if isinstance(part, list) else part

    return replaced(content)
