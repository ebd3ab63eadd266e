"""Suite `bundles`: whether a bundle for a commit's message holds what the commit has changed, against search results,
whole files and grep in the same budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pampax.bench.asking import Asker
from pampax.bench.figures import Figure
from pampax.bench.history.commits import Task, check_out, history_of
from pampax.bench.history.contestants import BUNDLE, CONTESTANTS, Ground, Piece, read_files
from pampax.bench.suites.indexing import index
from pampax.bench.suites.job import Job, scratch_folder

BUDGETS = (2_000, 4_000, 8_000, 16_000)
MOST_FILE_BYTES = 1 << 20  # larger ones are not indexed


@dataclass(frozen=True, slots=True)
class Judged:
    """Shares of one task: of its files that are shown, of the shown files that are its, of its lines that are shown
    whole; None where its lines are not known."""

    files: float
    precision: float
    lines: float | None


def measure(job: Job) -> list[Figure]:
    assert job.histories is not None
    judged: dict[tuple[str, int], list[Judged]] = {}
    clones = sorted(path for path in job.histories.iterdir() if path.is_dir())
    with scratch_folder(job.folder) as folder, job.system() as system, Asker(system.endpoint, system.token) as asker:
        for clone in clones:
            history = history_of(clone, clone.name.lower(), job.dose.tasks)
            job.tell(f"{history.name}: indexing")
            ground = _ground(asker, clone, history.tree, folder / history.name, history.name)
            job.tell(f"{history.name}: {len(history.tasks)} tasks")
            for task in history.tasks:
                for name, contestant in CONTESTANTS.items():
                    for budget in BUDGETS:
                        judged.setdefault((name, budget), []).append(judge(task, contestant(ground, task.text, budget)))
    return [*figures(judged.items()), *ratios(judged)]


def judge(task: Task, pieces: Sequence[Piece]) -> Judged:
    shown = dict.fromkeys(piece.path for piece in pieces)
    whole: dict[str, set[int]] = {}
    for piece in pieces:
        if not piece.outlined:
            whole.setdefault(piece.path, set()).update(range(piece.start_line, piece.end_line + 1))
    known = {path: lines for path, lines in task.changed.items() if lines}
    total = sum(len(lines) for lines in known.values())
    held = sum(len(lines & whole.get(path, set())) for path, lines in known.items())
    right = sum(path in task.changed for path in shown)
    return Judged(
        files=sum(path in shown for path in task.changed) / len(task.changed),
        precision=right / len(shown) if shown else 0.0,
        lines=held / total if total else None,
    )


def figures(judged: Iterable[tuple[tuple[str, int], Sequence[Judged]]]) -> Iterable[Figure]:
    for (name, budget), tasks in judged:
        lines = [each.lines for each in tasks if each.lines is not None]
        for what, value in (
            ("files found", fmean(each.files for each in tasks)),
            ("of the shown files right", fmean(each.precision for each in tasks)),
            ("lines found", fmean(lines) if lines else 0.0),
        ):
            yield Figure("bundles", f"{name}, {budget:,} tokens: {what}", "of 1", (value,), "higher")


def ratios(judged: Mapping[tuple[str, int], Sequence[Judged]]) -> Iterable[Figure]:
    """How many times as many files bundles find as the others do, where any are found."""
    for budget in BUDGETS:
        own = fmean(each.files for each in judged[BUNDLE, budget])
        for name in CONTESTANTS:
            found = fmean(each.files for each in judged[name, budget])
            if name != BUNDLE and found:
                what = f"files found, {budget:,} tokens: {BUNDLE} to {name}"
                yield Figure("bundles", what, "times", (own / found,), "higher")


def _ground(asker: Asker, clone: Path, tree: str, folder: Path, name: str) -> Ground:
    check_out(clone, tree, folder)
    asker.post("/v1/repositories", {"name": name, "source": {"path": str(folder)}})
    index(asker, name)
    paths = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if ".git" not in path.relative_to(folder).parts
        and path.is_file()
        and not path.is_symlink()
        and path.stat().st_size <= MOST_FILE_BYTES
    ]
    return Ground(asker, name, read_files(folder, paths))
