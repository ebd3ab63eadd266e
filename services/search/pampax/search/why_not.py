"""Why a file is not among the results: the stage at which it fell out, and what it lacks beside the first result."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pampax.search.directory import Directory
from pampax.search.evidence import Evidence, evidence_of
from pampax.search.features import Features
from pampax.search.filters import Allowed
from pampax.search.ranking import MAX_FILES, RankedChunk, Scores
from pampax.search.request import Mode, SearchRequest

MOST_LACKS = 3
_NEAR = 0.6  # of two file names, by difflib's ratio


class Stage(StrEnum):
    """In the order in which files fall out."""

    NOT_INDEXED = "not_indexed"
    FILTERED = "filtered"
    NO_EVIDENCE = "no_evidence"
    TOO_FAR = "too_far"
    OUTRANKED = "outranked"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`rank`: the place of the file's best chunk, 1 for the first; 0 where it has none. `evidence` adds up to `score`,
    both of that chunk."""

    path: str
    stage: Stage
    detail: str
    rank: int = 0
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What a question has made of a snapshot; `chunks` are all, best first."""

    directory: Directory
    allowed: Allowed
    features: Features
    scores: Scores
    chunks: Iterable[RankedChunk]


def why_not(request: SearchRequest, ranking: Ranking, shown: int) -> WhyNot:
    """About `request.why_not`; the first `shown` chunks are results. Cost: one pass over all ranked chunks."""
    located = locate(request, ranking.directory, ranking.allowed)
    if isinstance(located, WhyNot):
        return located
    path, document = located
    if not ranking.features.found[document]:
        return WhyNot(path, Stage.NO_EVIDENCE, "no word, name, part of the path or vector of it matches the question")
    return _ranked(request, ranking, path, document, shown)


def locate(request: SearchRequest, directory: Directory, allowed: Allowed) -> WhyNot | tuple[str, int]:
    """The path and document that `request.why_not` names, or why it was never looked at."""
    path = request.why_not.removeprefix("./")
    file = directory.file_at(path)
    if file is None:
        return WhyNot(path, Stage.NOT_INDEXED, f"it is not in the index{_near(directory, path)}")
    document = directory.document_with(file)
    if document is None:
        return WhyNot(path, Stage.NO_EVIDENCE, "it holds no text to search")
    if file not in [directory.files[each] for each in allowed.paths(directory, document)]:
        return WhyNot(path, Stage.FILTERED, f"it is {file.language}, and the request allows {allows(request)} only")
    return path, document


def _ranked(request: SearchRequest, ranking: Ranking, path: str, document: int, shown: int) -> WhyNot:
    points = ranking.scores.files
    better = int(np.count_nonzero((points > points[document]) & ranking.allowed.documents & ranking.features.found))
    if better >= MAX_FILES:
        detail = f"{better} files have more evidence, and only the best {MAX_FILES} are looked into"
        return WhyNot(path, Stage.TOO_FAR, detail)
    first: RankedChunk | None = None
    for rank, chunk in enumerate(ranking.chunks, 1):
        first = first or chunk
        if chunk.document == document:
            evidence = evidence_of(ranking.features, ranking.scores, chunk)
            if rank <= shown:
                return WhyNot(path, Stage.SHOWN, f"it is result {rank}", rank, chunk.score, evidence)
            detail = f"its best lines come in place {rank}{_lacks(ranking, first, evidence)}"
            return WhyNot(path, Stage.OUTRANKED, detail, rank, chunk.score, evidence)
    return WhyNot(
        path, Stage.FILTERED, f"none of its chunks that match passes: the request allows {allows(request)} only"
    )


def _lacks(ranking: Ranking, first: RankedChunk, evidence: Iterable[Evidence]) -> str:
    """Where the first result has most more."""
    own = {part.source: part.score for part in evidence}
    others = {part.source: part.score for part in evidence_of(ranking.features, ranking.scores, first)}
    missing = {source: others.get(source, 0.0) - own.get(source, 0.0) for source in sorted(own.keys() | others.keys())}
    most = sorted((source for source, points in missing.items() if points > 0), key=lambda source: -missing[source])
    told = ", ".join(f"{missing[source]:.2f} of {source}" for source in most[:MOST_LACKS])
    return f"; beside the first result it lacks {told}" if told else ""


def allows(request: SearchRequest) -> str:
    """What the request's filters let through, in words."""
    narrowed = [
        ("the languages " + ", ".join(sorted(request.languages)), request.languages),
        (f"paths like {request.path_glob!r}", request.path_glob),
        ("paths like " + " or ".join(map(repr, request.path_globs)), request.path_globs),
        ("the kinds " + ", ".join(sorted(request.kinds)), request.kinds),
        ("definitions that match", request.mode is Mode.SYMBOL),
    ]
    return " and ".join(words for words, given in narrowed if given)


def _near(directory: Directory, path: str) -> str:
    """A path that may be meant: one that ends so, or has nearly that name."""
    paths = [file.path for file in directory.files]
    ends = [each for each in paths if f"/{each}".endswith(f"/{path}")]
    names = {each.rpartition("/")[2]: each for each in reversed(paths)}
    alike = difflib.get_close_matches(path.rpartition("/")[2], names, n=1, cutoff=_NEAR)
    near = ends[:1] or [names[name] for name in alike]
    return f"; did you mean {near[0]}?" if near else ": `pampax index --plan` lists what is skipped, and why"
