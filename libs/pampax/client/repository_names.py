"""The name of a repository, made from a folder or a URL."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from pampax.core.errors import InvalidRequest
from pampax.core.names import LONGEST_REPOSITORY

_OTHER = re.compile(r"[^a-z0-9._-]+")


def name_of_folder(folder: PurePath) -> str:
    return _made_valid(folder.name, str(folder))


def name_of_url(url: str) -> str:
    """The last part of the path, whichever way the URL is written, without `.git`."""
    last = re.split(r"[/:]", url.rstrip("/"))[-1]
    return _made_valid(last.removesuffix(".git"), url)


def _made_valid(text: str, origin: str) -> str:
    """Lower case, accents dropped, everything else that a name cannot hold as a dash."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = _OTHER.sub("-", plain).strip("-._")[:LONGEST_REPOSITORY].rstrip("-._")
    if not name:
        raise InvalidRequest(f"no name can be made from {origin!r}; give one with --name")
    return name
