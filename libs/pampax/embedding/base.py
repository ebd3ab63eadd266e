"""The interface of every embedding model, local or remote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose vectors may be compared with one another. Other weights, tokenizer or bounds: another version."""

    name: str
    version: str

    @property
    def id(self) -> str:
        """`name@version`; a part of the build that derived rows depend on."""
        return f"{self.name}@{self.version}"


class Embedder(Protocol):
    """Vectors whose dot product is the cosine: rows have unit length, or are zero for a text without a known token."""

    @property
    def id(self) -> str:
        """The `Model.id` of the vectors."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, in order: shape (len(texts), dimensions)."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a question, comparable with document rows: shape (dimensions,)."""
        ...

    def closeness(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """For each text, how close in meaning its words come to those of the question, each for itself: from 0,
        where nothing is known, to 1, for a text that holds them all. Shape (len(texts),)."""
        ...
