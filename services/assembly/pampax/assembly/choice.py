"""What to show of each candidate inside an allowance of tokens: greedy by usefulness per token.

A candidate has a menu of renderings, cheapest first. The next step is always the one that adds most value per token,
be it a new piece or a fuller rendering of one that is shown already.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pampax.assembly.bundle import Rendering

# Share of a candidate's value that a rendering gives.
SHARES = {Rendering.REFERENCE: 0.08, Rendering.SIGNATURE: 0.2, Rendering.SKELETON: 0.45, Rendering.FULL: 1.0}
# Tokens that one more piece costs its reader whatever its length; without it, crumbs would win over the best pieces.
EFFORT_TOKENS = 150
# A candidate that is worth less than this share of the best one is not shown, however much room there is.
MIN_SHARE = 0.02
# One that could only have a single line needs to be worth more.
MIN_SHARE_OF_A_LINE = 0.1
# What the first piece of a file is worth beside its text, for a file that stands best: see `standing`.
PRESENCE = 0.5
# A file that stands lower is not shown for what search found in it.
FILE_FLOOR = 0.11
REFERENCE_SHARE = 0.1  # of the presence, for naming the file alone


@dataclass(frozen=True, slots=True)
class Rules:
    """How room is shared, by the constants above unless a policy says otherwise; see `policies`."""

    shares: Mapping[Rendering, float] = field(default_factory=lambda: SHARES)
    effort_tokens: int = EFFORT_TOKENS
    min_share: float = MIN_SHARE
    min_share_of_a_line: float = MIN_SHARE_OF_A_LINE
    presence: float = PRESENCE
    file_floor: float = FILE_FLOOR


USUAL = Rules()


@dataclass(frozen=True, slots=True)
class Option:
    """`share` is what the rendering gives of the candidate's value."""

    rendering: Rendering
    tokens: int
    share: float


@dataclass(frozen=True, slots=True)
class Menu:
    """`options` ascending by tokens, fuller ones costing more; `required` ones are served first. `presence` is worth as
    much as any rendering that shows something, and less for a mere place."""

    value: float
    options: tuple[Option, ...]
    required: bool = False
    presence: float = 0.0

    def worth(self, option: Option) -> float:
        shown = self.presence * (REFERENCE_SHARE if option.rendering is Rendering.REFERENCE else 1.0)
        return self.value * option.share + shown


@dataclass(frozen=True, slots=True)
class Choice:
    """By index of the menu: `shown`; `refused` for lack of room, `dismissed` for lack of use, both best first. One
    that is shown in less than was wanted is both shown and refused."""

    shown: dict[int, Rendering]
    refused: tuple[int, ...]
    dismissed: tuple[int, ...]


def choose(menus: Sequence[Menu], allowance: int, rules: Rules = USUAL) -> Choice:
    """The tokens of what is shown add up to at most `allowance`. Earlier menus win ties."""
    return _Meal(menus, allowance, rules).served()


def usefulness(menus: Sequence[Menu], rules: Rules) -> Callable[[Menu], bool]:
    """Whether one of the menus is worth showing at all beside the others; its options do not matter."""
    best = max((menu.value for menu in menus), default=0.0)
    return lambda menu: menu.presence > 0 or (menu.value > 0 and menu.value >= rules.min_share * best)


class _Meal:
    def __init__(self, menus: Sequence[Menu], allowance: int, rules: Rules) -> None:
        self._menus = menus
        self._rules = rules
        self._left = allowance
        self._shown: dict[int, Option] = {}
        self._refused: list[int] = []
        self._best = max((menu.value for menu in menus), default=0.0)
        self._useful = usefulness(menus, rules)

    def served(self) -> Choice:
        for index, menu in enumerate(self._menus):
            if menu.required and menu.options:
                self._serve(index, menu.options[0])
        dismissed = [at for at, menu in enumerate(self._menus) if not menu.required and not self._useful(menu)]
        steps = [step for at, menu in enumerate(self._menus) if self._useful(menu) and (step := self._next(at))]
        heapq.heapify(steps)
        while steps:
            _, index, option = heapq.heappop(steps)
            if not self._serve(index, self._menus[index].options[option]):
                self._refused.append(index)
                self._serve_less(index)
            elif following := self._next(index):
                heapq.heappush(steps, following)
        shown = {index: option.rendering for index, option in self._shown.items()}
        return Choice(shown, tuple(self._refused), tuple(dismissed))

    def _next(self, index: int) -> tuple[float, int, int] | None:
        """The step up from what is shown that adds most per token: (minus that, index, option)."""
        menu, now = self._menus[index], self._shown.get(index)
        steps = [
            (-_gain(menu, now, option, self._rules.effort_tokens), index, at)
            for at, option in enumerate(menu.options)
            if now is None or option.rendering > now.rendering
        ]
        return min(steps, default=None)

    def _serve(self, index: int, option: Option) -> bool:
        now = self._shown.get(index)
        cost = option.tokens - (now.tokens if now else 0)
        if cost > self._left:
            return False
        self._left -= cost
        self._shown[index] = option
        return True

    def _serve_less(self, index: int) -> None:
        menu, now = self._menus[index], self._shown.get(index)
        for option in reversed(menu.options):
            if now is not None and option.rendering <= now.rendering:
                return
            line = option.rendering <= Rendering.SIGNATURE
            if line and not menu.presence and menu.value < self._rules.min_share_of_a_line * self._best:
                return
            if self._serve(index, option):
                return


def _gain(menu: Menu, now: Option | None, option: Option, effort_tokens: int) -> float:
    """Value per token of going from `now` to `option`, rounded as values are."""
    more = menu.worth(option) - (menu.worth(now) if now else 0.0)
    tokens = option.tokens - now.tokens if now else option.tokens + effort_tokens
    return round(more / max(tokens, 1), 9)
