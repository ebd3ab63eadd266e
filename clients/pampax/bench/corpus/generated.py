"""A generated repository: the same files, bytes and names everywhere, one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pampax.bench.corpus.plan import Plan
from pampax.bench.corpus.text import file_text


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: `digest` is the SHA-256 over each path, its length and its content, in order."""

    files: int
    bytes: int
    digest: str


def generate(plan: Plan) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each file; holds one file at a time. What one is too long, the next is shorter."""
    owed = 0
    for number in range(plan.size.files):
        module = plan.module(number)
        owed += plan.wanted_bytes(number)
        content = file_text(plan, module, owed).encode("ascii")
        owed -= len(content)
        yield module.path, content


def write(plan: Plan, folder: Path) -> Written:
    """Writes the repository below `folder`, about 10 MB a second."""
    digest, total, count = hashlib.sha256(), 0, 0
    made: set[Path] = set()
    for path, content in generate(plan):
        target = folder / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_bytes(content)
        digest.update(b"%s\0%d\0" % (path.encode(), len(content)))
        digest.update(content)
        total += len(content)
        count += 1
    return Written(count, total, digest.hexdigest())
