"""Keep apart what is learnt and what is judged: nothing that also stands in the trees to avoid becomes a pair."""

from __future__ import annotations

import re
from pathlib import Path

from packages import files_of

MIN_LINE_CHARACTERS = 25  # without white space; shorter lines are everybody's
MAX_FILE_SHARE = 0.30  # of a file's long lines that may stand in the trees as well
MAX_PAIR_SHARE = 0.40  # of a pair's


class Avoided:
    """The names of the trees, which are the folders of one folder, and all their long lines."""

    def __init__(self, folder: Path | None) -> None:
        self._names: set[str] = set()
        self._lines: set[int] = set()
        for tree in sorted(folder.iterdir()) if folder else ():
            self._names.add(_plain(tree.name))
            for _, content in files_of(tree):
                self._lines.update(_long_lines(content.decode("utf-8", "replace")))

    def is_named(self, path: str) -> bool:
        """Whether a part of the path, or of a package's name, is the name of a tree: a vendored copy."""
        return any(_plain(part) in self._names for part in re.split(r"[/:@]", path))

    def is_file_known(self, text: str) -> bool:
        return self._share(text) > MAX_FILE_SHARE

    def is_pair_known(self, code: str) -> bool:
        return self._share(code) > MAX_PAIR_SHARE

    def _share(self, text: str) -> float:
        lines = _long_lines(text)
        return sum(line in self._lines for line in lines) / len(lines) if lines else 0.0


def _plain(name: str) -> str:
    """`lazy.nvim` and `lazy-nvim` are one name, and so are `messagepack-csharp` and `MessagePack_CSharp`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _long_lines(text: str) -> list[int]:
    """Hashes of the lines without their white space. They are compared inside one process only."""
    stripped = ("".join(line.split()) for line in text.split("\n") if len(line) >= MIN_LINE_CHARACTERS)
    return [hash(line) for line in stripped if len(line) >= MIN_LINE_CHARACTERS]
