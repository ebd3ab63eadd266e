"""The migration files that this code brings: NNNN_{pre,post}_name.sql, in the order of their numbers.

`pre` files are safe before the new code runs, `post` files after it; pre files never count on post files of their own
release.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from pampax.core.errors import ConfigError

FOLDER = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<phase>pre|post)_[a-z0-9_]+\.sql")


class Phase(StrEnum):
    PRE = "pre"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `text` is what is run and what `sha256` is taken of."""

    name: str
    number: int
    phase: Phase
    text: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All files in order. ConfigError for a name out of form or a number used twice."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise ConfigError(f"migration {path.name} is not named NNNN_pre_name.sql or NNNN_post_name.sql; rename it")
        found.append(Migration(path.name, int(match["number"]), Phase(match["phase"]), path.read_bytes()))
    if len({each.number for each in found}) != len(found):
        raise ConfigError(f"two migrations in {folder} share a number; renumber one")
    return found


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Those of the distribution, read once: services compare the schema with them every second."""
    return tuple(migrations())


def phase_of(name: str) -> Phase | None:
    """The phase that a file's name tells; None for a name out of form."""
    match = _FILE_NAME.fullmatch(name)
    return Phase(match["phase"]) if match else None
