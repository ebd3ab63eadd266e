"""Estimates of a plan: its sample, its pace, and how near they come."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pampax.codeintel.content import path_rule
from pampax.core.ids import git_blob_id
from pampax.planning import chunks, sample
from pampax.planning.chunks import ChunkCounter
from pampax.planning.making import make_plan
from pampax.planning.model import ContentKey, Folder, Plan
from pampax.planning.pace import Pace, PastRun, pace_of
from pampax.planning.reading import from_folder
from pampax.planning.sample import strata
from pampax.sources.folder import list_folder
from pampax.sources.model import Listing, Skipped, SourceFile


def key(number: int, language: str = "python") -> ContentKey:
    return ContentKey(hashlib.sha1(str(number).encode()).hexdigest(), language)


def planned(root: Path, known: dict[ContentKey, int] | None = None) -> Plan:
    listing = list_folder(root, skip=path_rule())
    return make_plan(listing, from_folder(root), lambda _keys: known or {}, Pace(), lambda *_step: None)


def code(number: int, functions: int) -> str:
    return "".join(f"def task_{number}_{n}(value):\n    return value * {number} + {n}\n\n\n" for n in range(functions))


def test_every_content_of_a_small_tree_is_parsed() -> None:
    parts = strata({key(number): 100 + number for number in range(500)})
    assert (len(parts), {part.weight for part in parts}) == (500, {1.0})


def test_sample_of_a_large_tree_stands_for_all_of_its_bytes() -> None:
    sizes = {key(number, language): 5_000 + number for number in range(4_000) for language in ("go", "python")}
    sizes |= {key(number, "rust"): 1_000 for number in range(30)}
    parts = strata(sizes)
    assert len(parts) < len(sizes) / 4
    assert sum(part.weight * sizes[part.chosen] for part in parts) == pytest.approx(sum(sizes.values()))
    assert sum(part.chosen.language == "rust" for part in parts) == 30  # few are parsed, all of them
    assert strata(dict(reversed(list(sizes.items())))) == parts


def test_estimate_from_a_sample_is_within_five_percent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(5)
    for number in range(400):
        (tmp_path / f"m{number}.py").write_text(code(number, int(source.paretovariate(1.2) * 4) % 120 + 1))
    exact = planned(tmp_path)
    assert exact.exact
    monkeypatch.setattr(sample, "PARSED_BYTES", exact.new_bytes // 5)
    estimate = planned(tmp_path)
    assert not estimate.exact
    assert estimate.new_chunks == pytest.approx(exact.new_chunks, rel=0.05)
    assert estimate.new_tokens == pytest.approx(exact.new_tokens, rel=0.05)
    assert (estimate.files, estimate.skipped) == (exact.files, exact.skipped)


def test_plan_counts_files_contents_and_folders(tmp_path: Path) -> None:
    for path, content in {
        "a/b/c/one.py": "x = 1\n", "a/b/d/two.py": "x = 1\n", "a/three.md": "# T\n", "top.py": "y = 2\n",
        "a/b/empty.py": "\n", "node_modules/n.js": "z = 1\n",
    }.items():  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    known = {ContentKey(git_blob_id(b"y = 2\n"), "python"): 7}
    plan = planned(tmp_path, known)
    assert (plan.files, plan.kept_files, plan.new_files, plan.new_blobs) == (4, 1, 3, 2)
    assert (plan.chunks, plan.new_chunks) == (plan.new_chunks + 7, 2)
    assert plan.skipped == {"empty": 1, "vendored": 1}
    assert plan.folders[0] == Folder("a/b", 2, 1)
    assert set(plan.folders[1:]) == {Folder("a", 1, 0), Folder(".", 1, 0), Folder("node_modules", 0, 1)}
    assert plan.new_paths == ("a/b/c/one.py", "a/b/d/two.py", "a/three.md")
    assert plan.skipped_files == (Skipped("a/b/empty.py", "empty"), Skipped("node_modules/n.js", "vendored"))


def test_file_that_is_gone_or_has_grown_is_skipped_as_in_a_run() -> None:
    files = tuple(SourceFile(path, "0" * 40, 5, 0o100644) for path in ("gone.py", "grown.py"))

    def read(asked: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        for file in asked:
            yield file, None if file.path == "gone.py" else b"x = 1\n" * 200_000

    plan = make_plan(Listing(files, (), "", "worktree", False), read, lambda _keys: {}, Pace(), lambda *_step: None)
    assert (plan.files, plan.skipped) == (0, {"unreadable": 1, "oversized": 1})


def test_an_installation_without_parsers_estimates_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "find_spec", lambda _name: None)
    with ChunkCounter() as counted:
        size = counted.size("python", code(1, 100).encode())
    assert (size.chunks, size.parsed) == (5, False)


def test_pace_is_that_of_runs_long_enough_to_tell() -> None:
    assert pace_of([]) == Pace()
    assert pace_of([PastRun(0.6, 3, 3, 10)]).name == "usual"
    measured = pace_of([PastRun(10.5, 1_000, 1_000, 5_000), PastRun(5.5, 1_000, 2_000, 10_000), PastRun(1, 0, 0, 0)])
    assert measured == Pace(15 / 10_000, "measured")
    assert measured.seconds(1_000) == 2.0
