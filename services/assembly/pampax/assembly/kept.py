"""What bundles of one snapshot read again and again: where names are defined, and the paths of tests. A snapshot is
immutable, so nothing kept goes stale."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lately(Generic[K, V]):
    """Values by key; the least recently used leave when their sizes come to more than `most` together."""

    def __init__(self, size: Callable[[V], int], most: int) -> None:
        self._size = size
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._total = 0

    def get(self, key: K) -> V | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: K, value: V) -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = value
        self._total += self._size(value) - (0 if before is None else self._size(before))
        while self._total > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._total -= self._size(oldest)
