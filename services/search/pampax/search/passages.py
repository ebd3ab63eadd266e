"""Parts of a file's text by their lines, as `pampax.codeintel.lines` counts them."""

from __future__ import annotations

from codecs import BOM_UTF8

import numpy as np

_NEWLINE = ord("\n")


class Passages:
    """Of one file; what is not asked for is not decoded."""

    def __init__(self, content: bytes) -> None:
        self._text = content.removeprefix(BOM_UTF8)
        newlines = np.flatnonzero(np.frombuffer(self._text, np.uint8) == _NEWLINE)
        self._starts = np.concatenate([[0], newlines + 1])

    def between(self, first: int, last: int) -> str:
        """The lines from `first` to `last`, 1-based and inclusive, as `text_lines` has them, joined by newlines."""
        starts = self._starts
        begin = int(starts[first - 1]) if first <= len(starts) else len(self._text)
        end = int(starts[last]) - 1 if last < len(starts) else len(self._text)
        text = self._text[begin:end].decode(errors="replace")
        return text.removesuffix("\n") if last >= len(starts) else text
