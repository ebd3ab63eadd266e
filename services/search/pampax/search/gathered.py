"""What the sources of evidence found for one question in one snapshot: the input of ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pampax.search.bm25 import NOTHING, LiveList, Scored


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Nearest chunks by cosine, best first."""

    ordinals: NDArray[np.int32]
    similarities: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol and the ordinal of the chunk that holds its first line. `asked`: its folded name is in the question."""

    chunk: int
    name: str
    kind: str
    lines: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """`words`: term -> its chunks. `names`: scores of the chunks that define names made of the question's words.
    `definitions`: of a name in the question, and all in the chunks with the best names. `frames`: chunks in which a
    frame of a stack trace lies, and its weight in 0..1."""

    words: Mapping[str, LiveList] = field(default_factory=dict)
    names: Scored = NOTHING
    definitions: tuple[Definition, ...] = ()
    frames: Mapping[int, float] = field(default_factory=dict)
