"""Ranking weights as data, with a version. Units: points of log-odds per unit of the feature.

They start from a listwise softmax over files with sign constraints, fitted on public repositories with whole
repositories left out for judging; what a definition is worth was set by hand afterwards, because plain words of a
sentence name definitions by accident. A sentence and a single name have their own vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RANKING_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Weights:
    """`file`: per feature of a file. `chunk`: per feature of a chunk, applied to values in 0..1 and then scaled by
    `chunk_scale`. `further`: points a file's second, third and later chunks lose."""

    file: Mapping[str, float]
    chunk: Mapping[str, float]
    chunk_scale: float
    further: tuple[float, float, float]


_CHUNK = {"text": 1.0, "names": 0.5, "semantic": 0.4, "coverage": 0.5, "symbol": 0.5, "definition": 1.0}
_SCALE = 6.0 / 3.6
_FURTHER = (4.0, 5.0, 6.0)

# Whoever types the path of a file wants that file: more than all other evidence of another one comes to.
EXACT_PATH = 12.0

SENTENCE = Weights(
    file={
        "text": 2.4, "best_text": 0.8, "stem": 2.0, "folder": 1.5, "path": 0.7, "exact_path": EXACT_PATH,
        "symbol": 0.9, "names": 0.5,
        "function": 0.3, "type": 0.3, "definition_size": 0.2, "semantic": 2.2, "size": 0.13,
        "aside": -1.7, "platform": -2.3, "header": -1.6,
    },
    chunk=_CHUNK, chunk_scale=_SCALE, further=_FURTHER,
)  # fmt: skip

NAME = Weights(
    file={
        "text": 2.0, "best_text": 1.0, "stem": 2.1, "folder": 1.1, "path": 0.9, "exact_path": EXACT_PATH,
        "symbol": 1.2, "names": 0.8,
        "function": 0.5, "type": 0.5, "definition_size": 1.4, "semantic": 2.4, "size": 0.75,
        "aside": -1.4, "platform": -1.6, "header": -1.1,
    },
    chunk=_CHUNK, chunk_scale=_SCALE, further=_FURTHER,
)  # fmt: skip

# What each feature is called in the evidence of a result.
SOURCE_OF = {
    "text": "text", "best_text": "text", "stem": "path", "folder": "path", "path": "path", "exact_path": "path",
    "symbol": "symbol",
    "names": "names", "function": "definition", "type": "definition", "definition_size": "definition",
    "semantic": "semantic", "size": "size", "aside": "kind_of_path", "platform": "kind_of_path",
    "header": "kind_of_path",
}  # fmt: skip
