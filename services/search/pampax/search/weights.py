"""Ranking weights as data, with a version: what `models/fit_ranking.py` finds, but for those that are set by hand.

Units: points of log-odds per unit of the feature. A sentence and a single name have their own vector. Set by hand are
the weights of an exact path, of frames, of a phrase, of closeness and of a reranker, and `wherever`;
docs/benchmarks.md has figures with repositories left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RANKING_VERSION = "5"
BEST_CHUNK = "chunk"  # the feature of a file that depends on weights itself


@dataclass(frozen=True, slots=True)
class Weights:
    """`file`: per feature of a file. `chunk`: per feature of a chunk. `wherever`: the share of questions that the best
    chunk of the right file answers, wherever it lies; the others want the very lines."""

    file: Mapping[str, float]
    chunk: Mapping[str, float]
    wherever: float


_CHUNK = {"text": 2.71, "coverage": 3.63, "semantic": 3.73, "symbol": 3.47, "definition": 2.02, "function": 1.64}
_WHEREVER = 0.8

# Whoever types the path of a file wants that file: more than all other evidence of another one comes to.
EXACT_PATH = 12.0
# For the file in which the innermost frame of a stack trace lies that the repository has; others get a share of these
# points. Inside the file the chunk with that line is where to look.
FRAME, FRAME_PLACE = 10.0, 8.0
# For a question that stands in a chunk word for word; for a part of it the same share of these points.
PHRASE = 6.0
# For a chunk in which each word of the question stands, or one that means the same; the chunk that is least close among
# those that were read has none.
CLOSENESS = 3.0
# Where a reranker reads the best chunks, for its similarity and for closeness: each counted from the least of them.
RERANKER = 5.0
RERANKED_CLOSENESS = 5.0

SENTENCE = Weights(
    file={
        "text": 1.65, "best_text": 1.27, "coverage": 1.4, "stem": 2.09, "folder": 1.07,
        "exact_path": EXACT_PATH, "frame": FRAME,
        "symbol": 0.36, "names": 0.44, "function": 0.33, "definition_size": 0.19,
        "semantic": 1.63, "best_semantic": 1.63, "size": 0.04, BEST_CHUNK: 1.22,
        "aside": -2.2, "prose": -2.08, "platform": -2.19, "header": -1.45,
    },
    chunk=_CHUNK, wherever=_WHEREVER,
)  # fmt: skip

NAME = Weights(
    file={
        "text": 1.67, "best_text": 1.33, "coverage": 1.52, "stem": 2.27, "folder": 0.81, "path": 0.07,
        "exact_path": EXACT_PATH, "frame": FRAME,
        "symbol": 0.77, "names": 0.66, "function": 0.53, "type": 0.5, "definition_size": 0.72,
        "semantic": 1.1, "best_semantic": 1.1, "size": 0.49, BEST_CHUNK: 1.31,
        "aside": -2.15, "prose": -2.08, "platform": -2.19, "header": -1.46,
    },
    chunk=_CHUNK, wherever=_WHEREVER,
)  # fmt: skip

# Files in which a pattern matches: those first that define a name that stands in it.
PATTERN = {
    "pattern": 4.0, "definition": 3.0, "stem": 2.09, "folder": 1.07,
    "aside": -2.2, "prose": -2.08, "platform": -2.19, "header": -1.45,
}  # fmt: skip

# What each feature is called in the evidence of a result.
SOURCE_OF = {
    "text": "text", "best_text": "text", "coverage": "text",
    "stem": "path", "folder": "path", "path": "path", "exact_path": "path", "frame": "frame",
    "symbol": "symbol",
    "names": "names", "function": "definition", "type": "definition", "definition_size": "definition",
    "semantic": "semantic", "best_semantic": "semantic", BEST_CHUNK: BEST_CHUNK, "size": "size",
    "aside": "kind_of_path", "prose": "kind_of_path", "platform": "kind_of_path", "header": "kind_of_path",
}  # fmt: skip
