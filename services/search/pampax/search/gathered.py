"""What the sources of evidence found for one question in one snapshot: the input of ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pampax.storage.posting import Posting


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Nearest chunks by cosine, best first."""

    ordinals: NDArray[np.int32]
    similarities: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol and the ordinal of the chunk that holds its first line."""

    chunk: int
    name: str
    qualified_name: str
    kind: str
    start_line: int
    end_line: int
    signature: str
    exported: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """`words` and `names`: term -> packed list. `exact`: definitions whose folded name is in the question; `named`:
    definitions in the chunks whose names match best. None for a source that was not asked or did not answer."""

    words: Mapping[str, Posting] = field(default_factory=dict)
    names: Mapping[str, Posting] = field(default_factory=dict)
    neighbours: Neighbours | None = None
    exact: tuple[Definition, ...] = ()
    named: tuple[Definition, ...] = ()
