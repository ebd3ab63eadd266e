"""What a listing looks at, before it is known whether it counts."""

from __future__ import annotations

from typing import NamedTuple


class Candidate(NamedTuple):
    """A path that the source may hold, relative, in bytes as on disk. `reason` is set when it is known to be left out.

    `mode` is the file mode recorded by git where the disk cannot tell (core.fileMode is off), else 0.
    """

    path: bytes
    reason: str = ""
    mode: int = 0
