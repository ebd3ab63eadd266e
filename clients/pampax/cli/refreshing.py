"""How often the system looks at a repository's source by itself: what may be asked for, and how it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pampax.cli import words
from pampax.cli.staleness import Duration

if TYPE_CHECKING:
    from pampax.client.repository import Refresh

_NEVER = ("none", "never", "off")


class Interval(Duration):
    """Whole seconds, of a duration; 0 of none."""

    name = "interval"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if str(value).strip().lower() in _NEVER:
            return 0.0
        return float(round(super().convert(value, param, ctx)))


def words_of(refresh: Refresh | None, now: datetime | None = None) -> str:
    """`every 15 min, next in 3 min`; a dash for none."""
    if refresh is None:
        return "-"
    due = datetime.fromisoformat(refresh.due_time)
    left_s = (due - (now or datetime.now(UTC))).total_seconds()
    return f"every {words.age(refresh.interval_s)}, next {'now' if left_s <= 0 else 'in ' + words.age(left_s)}"


def trouble_of(refresh: Refresh | None) -> str:
    """Why the schedule is behind, "" when it is not."""
    if refresh is None or not refresh.failures:
        return ""
    return f"the scheduled refresh has failed ({words.counted(refresh.failures, 'time')} in a row): {refresh.error}"
