"""Which files a generated repository has, what each is about and which others it calls: all of it without any text.

Everything follows from the seed and the file's number, so a file's answers are known without writing the repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import gcd
from random import Random
from types import MappingProxyType

from pampax.bench.corpus.dialects import Dialect, Words, dialects, languages, snake
from pampax.bench.corpus.vocabulary import NOUNS, QUALITIES, ROLES, VERBS, below, coined, draw

SEED = 20251121
# Methods whose names other files know; the text begins with them.
KNOWN_METHODS = 3
MOST_USES = 6
# File sizes are a bounded Pareto distribution with exponent 1: half of the files are below 1.2 KB, the largest is 80
# times as long, and the mean is 3 KB as the three sizes ask for.
SMALLEST_BYTES = 600
LARGEST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """A repository to generate: its files and, within a percent, their bytes."""

    name: str
    files: int
    bytes: int


SIZES: Mapping[str, Size] = MappingProxyType(
    {
        size.name: size
        for size in (
            Size("small", 500, 1_500_000),
            Size("medium", 5_000, 15_000_000),
            Size("large", 50_000, 150_000_000),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Module:
    """One file. `words` are those of its type, which no other file of the repository has; `term` likewise."""

    number: int
    dialect: Dialect
    area: str
    noun: str
    words: Words
    term: str
    methods: tuple[Words, ...]
    uses: tuple[int, ...]

    @property
    def type(self) -> str:
        return self.dialect.type_case(self.words)

    @property
    def stem(self) -> str:
        return snake(self.words)

    @property
    def path(self) -> str:
        return self.dialect.path % {"area": self.area, "noun": self.noun, "stem": self.stem, "type": self.type}


class Plan:
    """The files of one repository by their numbers, from 0."""

    def __init__(self, size: Size, seed: int = SEED) -> None:
        self.size = size
        self.seed = seed
        self.module = lru_cache(maxsize=4_096)(self._module)
        # Consecutive files are of distant sizes and names; both are one-to-one.
        self._size_stride = _coprime(size.files, int(size.files * 0.618))
        self._names = len(QUALITIES) * len(NOUNS) * len(ROLES)
        self._name_stride = _coprime(self._names, 104_729)

    def wanted_bytes(self, number: int) -> int:
        """How long the file should be; over all files the size's total."""
        quantile = (number * self._size_stride % self.size.files + 0.5) / self.size.files
        length = SMALLEST_BYTES / (1 - quantile * (1 - SMALLEST_BYTES / LARGEST_BYTES))
        return int(length * self._scale)

    @cached_property
    def _scale(self) -> float:
        count = self.size.files
        rest = 1 - SMALLEST_BYTES / LARGEST_BYTES
        return self.size.bytes / sum(SMALLEST_BYTES / (1 - (rank + 0.5) / count * rest) for rank in range(count))

    def _module(self, number: int) -> Module:
        chance = Random(self.seed * 1_000_003 + number)  # noqa: S311 - the same for everybody is the point
        quality, noun_role = divmod(number * self._name_stride % self._names, len(NOUNS) * len(ROLES))
        noun, role = divmod(noun_role, len(ROLES))
        area, thing = NOUNS[noun]
        methods = tuple(method_name(chance, thing) for _ in range(KNOWN_METHODS))
        return Module(
            number=number,
            dialect=dialects()[languages()[number % len(languages())]],
            area=area,
            noun=thing,
            words=(QUALITIES[quality], thing, ROLES[role]),
            term=coined(number),
            methods=methods,
            uses=self._uses(chance, number),
        )

    def _uses(self, chance: Random, number: int) -> tuple[int, ...]:
        """Other files of the same language, the first of the repository by far the most often."""
        cycle = languages()
        slots = [slot for slot, language in enumerate(cycle) if language == cycle[number % len(cycle)]]
        found: dict[int, None] = {}
        for _ in range(1 + below(chance, MOST_USES)):
            slot = slots[below(chance, len(slots))]
            rows = (self.size.files - slot + len(cycle) - 1) // len(cycle)
            if rows > 0:
                popular = int(1 / (1 / rows + chance.random() * (1 - 1 / rows))) - 1
                found[min(popular, rows - 1) * len(cycle) + slot] = None
        found.pop(number, None)
        return tuple(found)


def method_name(chance: Random, noun: str) -> Words:
    """A verb and what it is done to: mostly the file's own noun."""
    verb, quality = draw(chance, VERBS), draw(chance, QUALITIES)
    thing = noun if chance.random() < 0.7 else NOUNS[below(chance, len(NOUNS))][1]
    return (verb, quality, thing)


def _coprime(modulus: int, start: int) -> int:
    return next(number for number in range(max(1, start), start + modulus) if gcd(number, modulus) == 1)
