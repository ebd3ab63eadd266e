"""When changes that come one after the other have settled, so that one refresh does for all of them."""

from __future__ import annotations

from dataclasses import dataclass

# Who saves without a pause, as formatters and generators do, waits no longer than that.
LONGEST_S = 5.0


@dataclass(slots=True)
class Settling:
    """`quiet_s` is how long nothing may have happened. Times are those of one monotonic clock."""

    quiet_s: float
    _first: float | None = None
    _last: float = 0.0
    _locked: bool = False

    def changed(self, now: float) -> None:
        self._first = now if self._first is None else self._first
        self._last = now

    def left_s(self, now: float, *, locked: bool) -> float | None:
        """How long to wait before asking again; 0 when it is time, None when nothing has changed.

        `locked`: somebody is in the middle of changing many files and says so. Waiting begins anew when that is over,
        because the last of it, such as the name of the branch, comes just after.
        """
        if self._first is None:
            return None
        if locked or self._locked:
            self._locked = locked
            self._first = self._last = now
            return self.quiet_s
        until = min(self._last + self.quiet_s, self._first + max(LONGEST_S, self.quiet_s))
        return max(until - now, 0.0)

    def settled(self, now: float) -> float:
        """Begins anew; how long ago the last change was."""
        waited_s = 0.0 if self._first is None else now - self._last
        self._first, self._locked = None, False
        return waited_s
