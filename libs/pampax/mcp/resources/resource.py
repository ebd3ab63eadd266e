"""What a resource is: where it stands, and the function that writes it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pampax.mcp.services import Services

MARKDOWN = "text/markdown"
_VARIABLE = "{repo}"


@dataclass(frozen=True, slots=True)
class Resource:
    """`uri` may hold `{repo}`, which `read` gets as its second argument; "" without it."""

    uri: str
    name: str
    title: str
    description: str
    read: Callable[[Services, str], Awaitable[str]]

    def matched(self, uri: str) -> str | None:
        """The repository that a URI names, "" where none is to be named; None for the URI of something else."""
        before, variable, after = self.uri.partition(_VARIABLE)
        if not variable:
            return "" if uri == self.uri else None
        found = re.fullmatch(f"{re.escape(before)}([^/]+){re.escape(after)}", uri)
        return found[1] if found else None
