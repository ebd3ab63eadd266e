"""What a mirror holds of some objects, asked for all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pampax.core.errors import NotFound
from pampax.sources.command import run_git
from pampax.sources.damage import note_damage

_TIMEOUT_S = 120.0
# git ends at an object that it cannot read the head of; a mirror with more of those is no mirror any more.
_MOST_BROKEN = 100


def sizes_of(directory: Path, blobs: Iterable[str]) -> dict[str, int]:
    """Bytes of those blobs (40 hex digits) that are there; neither missing nor broken ones are.

    Raises NotFound for a mirror that is broken through and through.
    """
    left = sorted(set(blobs))
    found: dict[str, int] = {}
    for _ in range(_MOST_BROKEN):
        if not left:
            return found
        answers = list(_asked(directory, left))
        found.update((blob, size) for blob, kind, size in answers if kind == b"blob")
        if len(answers) == len(left):
            return found
        note_damage(directory)
        left = left[len(answers) + 1 :]
    raise NotFound(f"the mirror {directory} is damaged: the next run makes it anew", reason="MIRROR_DAMAGED")


def _asked(directory: Path, blobs: Sequence[str]) -> Iterator[tuple[str, bytes, int]]:
    """(id, kind, size) in the order of asking, with kind "" for one that is missing; ends at one that git dies of."""
    command = ["cat-file", "--batch-check=%(objecttype) %(objectsize)", "--buffer"]
    given = "".join(f"{blob}\n" for blob in blobs).encode()
    answer = run_git(command, directory=directory, timeout_s=_TIMEOUT_S, stdin=given).stdout
    for blob, line in zip(blobs, answer.splitlines(), strict=False):
        kind, _, size = line.partition(b" ")
        yield (blob, kind, int(size)) if size.isdigit() else (blob, b"", 0)
