"""Paths that a request names: each must exist, and who mistypes one is told what is near."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import PurePosixPath

from pampax.core.errors import NotFound

MAX_ADVICE = 3
MAX_COMPARED = 3_000  # paths; comparing takes about 50 microseconds each


def unknown_path(path: str, where: str, paths: Sequence[str], field: str = "seed_paths") -> NotFound:
    """The error that names the path and the nearest ones of `paths`. CPU-bound, up to a fifth of a second."""
    inside = [each for each in paths if each.startswith(f"{path}/")]
    if inside:
        told = f"{path!r} is a folder; name files in it, such as {', '.join(sorted(inside)[:MAX_ADVICE])}"
        return NotFound(f"{field}: in {where} {told}", reason="FILE_NOT_FOUND", metadata={"path": path[:200]})
    near = nearest(path, paths)
    advice = f"; the nearest are {', '.join(near)}" if near else "; see what is indexed with `pampax search`"
    return NotFound(
        f"{field}: {where} has no indexed file {path!r}{advice}",
        reason="FILE_NOT_FOUND",
        metadata={"path": path[:200]},
    )


def nearest(path: str, paths: Sequence[str]) -> list[str]:
    """Same file name first, then by likeness."""
    name = PurePosixPath(path).name.lower()
    same = [each for each in paths if PurePosixPath(each).name.lower() == name]
    if len(same) >= MAX_ADVICE:
        return sorted(same, key=lambda each: (-_common_folders(path, each), each))[:MAX_ADVICE]
    like = [each for each in paths if each not in same and _may_be_meant(name, each)]
    close = difflib.get_close_matches(path, like[:MAX_COMPARED], n=MAX_ADVICE, cutoff=0.5)
    return [*same, *close][:MAX_ADVICE]


def _common_folders(path: str, other: str) -> int:
    return len(set(PurePosixPath(path).parts) & set(PurePosixPath(other).parts))


def _may_be_meant(name: str, path: str) -> bool:
    """A cheap test before the dear one: the same first letter, or the same ending."""
    other = PurePosixPath(path).name.lower()
    return other[:1] == name[:1] or name.partition(".")[0] in other
