"""How old an index an answer may be made from, and what becomes of an answer from an older one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import click

from pampax.cli import words
from pampax.cli.screen import note
from pampax.cli.session import Session
from pampax.cli.values import choice
from pampax.core.errors import FailedPrecondition

if TYPE_CHECKING:
    from pampax.client.search import SnapshotInfo

StalePolicy: TypeAlias = Literal["warn", "ignore", "error"]
Command = TypeVar("Command", bound=Callable[..., Any])

_DURATION = re.compile(r"(?P<number>-?[0-9]+(\.[0-9]+)?) *(?P<unit>s|min|m|h|d|w)?")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


class Duration(click.ParamType[float]):
    """Seconds, of `90`, `90s`, `15min`, `2h`, `1d` or `1w`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _DURATION.fullmatch(str(value).strip())
        seconds = float(found["number"]) * _SECONDS[found["unit"] or "s"] if found else math.inf
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a duration such as 90s, 15min, 2h or 1d", param, ctx)
        return seconds


def staleness_options(command: Command) -> Command:
    """Gives a command `max_staleness` (seconds or None) and `stale_policy` (or None)."""
    policy = click.option(
        "--stale-policy", type=choice(StalePolicy), help="What an older index does: error (the default), warn, ignore."
    )
    age = click.option(
        "--max-staleness", type=Duration(), metavar="DURATION", help="How old the index may be: 90s, 15min, 2h, 1d."
    )
    return age(policy(command))


@dataclass(frozen=True, slots=True)
class Staleness:
    """What was asked for; `max_s` None allows any age."""

    max_s: float | None
    policy: StalePolicy

    @property
    def refused_after_s(self) -> float | None:
        """Beyond which there shall be no answer."""
        return self.max_s if self.policy == "error" else None

    def refuse(self, snapshots: Sequence[SnapshotInfo]) -> None:
        """FailedPrecondition as the gateway raises it, for answers of which it does not know the bound."""
        if self.refused_after_s is not None:
            for old in self._older(snapshots):
                raise FailedPrecondition(f"{_told(old, self.refused_after_s)} or allow more", reason="STALE")

    def warn(self, session: Session, snapshots: Sequence[SnapshotInfo]) -> dict[str, Any]:
        """Says so on stderr, or returns what the JSON document says of it: nothing unless a warning was asked for."""
        if self.max_s is None or self.policy != "warn":
            return {}
        older = self._older(snapshots)
        if session.json:
            return {"stale": [{"repo": each.repo, "ref": each.ref, "age_s": each.age_s} for each in older]}
        for each in older:
            note(f"warning: {_told(each, self.max_s).removesuffix(',')}")
        return {}

    def _older(self, snapshots: Sequence[SnapshotInfo]) -> list[SnapshotInfo]:
        """Oldest first."""
        limit = math.inf if self.max_s is None else self.max_s
        return sorted((each for each in snapshots if each.age_s > limit), key=lambda each: -each.age_s)


def staleness_of(max_staleness: float | None, stale_policy: StalePolicy | None) -> Staleness:
    """UsageError for a policy about nothing."""
    if stale_policy is not None and max_staleness is None:
        raise click.UsageError("--stale-policy needs --max-staleness", click.get_current_context())
    return Staleness(max_staleness, stale_policy or "error")


def _told(old: SnapshotInfo, limit_s: float) -> str:
    return (
        f"{old.repo} ({old.ref}) was published {words.age(old.age_s)} ago, longer than the {words.age(limit_s)} asked "
        "for: run `pampax index`,"
    )
