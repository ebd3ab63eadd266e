"""Text and lists as TOML has them."""

from __future__ import annotations

import json
from collections.abc import Sequence

_DELETE = "\x7f"  # JSON lets it stand; TOML wants it written out


def quoted(text: str) -> str:
    """A basic string: TOML's escapes hold JSON's."""
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007F")


def listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"
