"""How the schema of a database fits this code: the register of migrations beside the files that came along."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pampax.core.errors import ConfigError
from pampax.storage.migration_files import Migration, Phase, known_migrations, phase_of
from pampax.storage.queries import load_queries
from pampax.storage.session import Connection

_QUERIES = load_queries(__package__)
_HAS_REGISTER = _QUERIES["has_schema_migration"]
_APPLIED = _QUERIES["applied_migrations"]

MIGRATE = "run `python -m pampax.storage migrate`"
UPGRADE = "upgrade the services to the version that migrated it"


class Fit(StrEnum):
    """Services work with the first three and are not ready with the others."""

    CURRENT = "current"
    AHEAD = "ahead"  # newer by `pre` migrations only, which leave older code working
    PENDING = "pending"  # `post` migrations of this code are due
    BEHIND = "behind"
    TOO_NEW = "too_new"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`expected` and `found` name the newest migration of the code and of the database; `found` is empty for none."""

    fit: Fit
    expected: str
    found: str
    names: tuple[str, ...] = ()  # of the migrations that make the difference

    @property
    def usable(self) -> bool:
        return self.fit not in (Fit.BEHIND, Fit.TOO_NEW)

    @property
    def advice(self) -> str:
        """One line: what is wrong and what to do; empty when nothing is."""
        names = ", ".join(self.names)
        match self.fit:
            case Fit.BEHIND:
                return f"the schema lacks {names}: {MIGRATE}"
            case Fit.TOO_NEW:
                return f"the database is newer than this version ({names}): {UPGRADE}"
            case Fit.AHEAD:
                return f"the database is newer than this version by {names}, which fits both: {UPGRADE}"
            case Fit.PENDING:
                return f"{names} is not applied yet: {MIGRATE} once every service runs this version"
            case Fit.CURRENT:
                return ""

    def require_usable(self) -> None:
        """ConfigError with the advice when services cannot work with this schema."""
        if not self.usable:
            raise ConfigError(self.advice, reason="SCHEMA_BEHIND" if self.fit is Fit.BEHIND else "SCHEMA_TOO_NEW")


def compare(known: Sequence[Migration], applied: Collection[str]) -> SchemaState:
    """The worst that holds. `known` is in order; a name that no file of ours has comes from a newer version."""
    names = {each.name for each in known}
    missing = [each for each in known if each.name not in applied]
    newer = sorted(name for name in applied if name not in names)
    differences = (
        (Fit.TOO_NEW, [name for name in newer if phase_of(name) is not Phase.PRE]),
        (Fit.BEHIND, [each.name for each in missing if each.phase is Phase.PRE]),
        (Fit.AHEAD, newer),
        (Fit.PENDING, [each.name for each in missing]),
    )
    fit, why = next(((fit, why) for fit, why in differences if why), (Fit.CURRENT, []))
    return SchemaState(fit, known[-1].name if known else "", max(applied, default=""), tuple(why))


async def read_schema(conn: Connection) -> SchemaState:
    """Two short statements in the given transaction."""
    row = await (await conn.execute(_HAS_REGISTER)).fetchone()
    applied: set[str] = set()
    if row is not None and row["present"]:
        applied = {each["name"] for each in await (await conn.execute(_APPLIED)).fetchall()}
    return compare(known_migrations(), applied)


async def check_schema(conn: Connection) -> None:
    """ConfigError when services cannot work with this schema."""
    (await read_schema(conn)).require_usable()
