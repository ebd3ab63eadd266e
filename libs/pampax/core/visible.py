"""Foreign text as it may be shown: what a terminal would obey is written out."""

from __future__ import annotations

import re

# What a terminal obeys instead of showing: control characters, line separators and marks that reverse the reading
# direction.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_OBEYED_BUT_LINES = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""The text with everything that a terminal would obey written out (`\x1b`); optionally with its lines and tabs."""
    return (_OBEYED_BUT_LINES if keep_lines else _OBEYED).sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode()
