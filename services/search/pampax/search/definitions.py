"""What definitions say about the chunks that hold them: how well a name matches, and whether it was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.terms import JOINED_WEIGHT, term_counts
from pampax.search.directory import Directory
from pampax.search.gathered import Definition, Gathered
from pampax.search.query import Query

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

KIND_WEIGHT = {"type": 1.0, "function": 1.0, "variable": 0.5, "declaration": 0.4}
OTHER_KIND_WEIGHT = 0.5
UNSEEN_IDF_SHARE = 0.7  # of ln(1 + N): idf of a symbol's word that the question does not hold

_CACHED_NAMES = 1 << 14  # about 4 MB when full


@dataclass(frozen=True, slots=True, eq=False)
class DefinitionMatch:
    """One value per live definition that matches; a chunk may hold several. `cosine` lies in 0..1; `size` is
    ln(1 + lines) of a definition that the question names, weighted by its kind, else 0."""

    chunks: Ints
    cosine: Floats
    asked: Mask
    types: Mask
    functions: Mask
    size: Floats


def match_definitions(directory: Directory, query: Query, gathered: Gathered) -> DefinitionMatch:
    """Cost: a few microseconds a definition."""
    chunks = np.array([each.chunk for each in gathered.definitions], np.int32)
    live = [each for each, alive in zip(gathered.definitions, directory.is_live(chunks), strict=True) if alive]
    cosine = _cosines(directory, query, gathered, live)
    matching = [(each, value) for each, value in zip(live, cosine, strict=True) if value > 0 or each.asked]
    found = [each for each, _ in matching]
    asked = np.array([each.asked for each in found], np.bool_)
    sizes = [math.log1p(each.lines) * _kind_weight(each) for each in found]
    return DefinitionMatch(
        chunks=np.array([each.chunk for each in found], np.int32),
        cosine=np.array([value for _, value in matching], np.float32),
        asked=asked,
        types=asked & np.array([each.kind == "type" for each in found], np.bool_),
        functions=asked & np.array([each.kind == "function" for each in found], np.bool_),
        size=np.where(asked, np.array(sizes, np.float32), np.float32(0)),
    )


def _cosines(directory: Directory, query: Query, gathered: Gathered, definitions: Sequence[Definition]) -> list[float]:
    """idf shared with the question / sqrt(idf of the symbol x idf of the question), weighted by kind."""
    idf = gathered.names.idf
    unseen = UNSEEN_IDF_SHARE * math.log1p(directory.chunk_count)
    wanted = {term: weight * idf.get(term, unseen) for term, weight in query.terms.items()}
    # A joined pair repeats the words that it is made of.
    whole = sum(value for term, value in wanted.items() if query.terms[term] != JOINED_WEIGHT) or 1.0

    def cosine(name: str) -> float:
        words = _words_of(name)
        shared = sum([wanted[word] for word in words if word in wanted])
        return min(1.0, shared / math.sqrt(whole * sum([idf.get(word, unseen) for word in words]))) if shared else 0.0

    by_name = {name: cosine(name) for name in {each.name for each in definitions}}  # names repeat, as in overloads
    return [by_name[each.name] * _kind_weight(each) for each in definitions]


@lru_cache(maxsize=_CACHED_NAMES)
def _words_of(name: str) -> tuple[str, ...]:
    """Distinct and always in the same order: sums over them have the same last bits in every process."""
    return tuple(term_counts(name))


def _kind_weight(definition: Definition) -> float:
    return KIND_WEIGHT.get(definition.kind, OTHER_KIND_WEIGHT)
