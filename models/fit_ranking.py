"""Fits the weights of services/search/pampax/search/weights.py and judges them on repositories that they have not seen.

Files: a listwise softmax (Cao and others, "Learning to rank: from pairwise approach to listwise approach", 2007) over
all files with evidence, whose targets are the files that answer; no weight may take the sign that makes no sense, and
squares are penalised. A question of one word has weights of its own, pulled towards those of sentences. Chunks: the
same over the chunks of a file that answers, whose targets overlap the lines; only questions with lines count there.

What is printed out of fold is judged by weights fitted without the repository. Then come the figures with one signal
taken away, the others as they are, and at the end the weights that all repositories give.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from questions import Repository, indexed
from scipy.optimize import minimize

from pampax.bench.golden.annotations import annotated_repositories
from pampax.bench.golden.model import Annotated, Query
from pampax.bench.golden.packages import golden_repositories
from pampax.bench.golden.scoring import Scored, scored
from pampax.search.features import Features
from pampax.search.query import read_query
from pampax.search.ranking import Scores, rank_chunks
from pampax.search.weights import BEST_CHUNK, NAME, SENTENCE, Weights

Floats = NDArray[np.float64]

FOLDS = 6
SEED = 0
PENALTY = 1.0  # of squared weights, against one question
NAME_PENALTY = 2.0  # of the squared distance of a name's weights from a sentence's
MOST_FILES = 300  # of a question, the best by the weights that are there; the others hardly change the sum
SPREAD = 0.7  # chunk weights are divided by it: a file's answer lies more surely in its best chunk than the fit says
DEPTH = 20
FIXED = {"exact_path", "frame"}
PENALTIES = {"aside", "prose", "platform", "header"}
EITHER_SIGN = {"size"}
# What is taken away together to see what it is worth: features of files and of chunks.
SIGNALS = {
    "words of the text": ({"text", "best_text", "coverage"}, {"text", "coverage"}),
    "vectors": ({"semantic", "best_semantic"}, {"semantic"}),
    "words of the path": ({"stem", "folder", "path"}, set()),
    "names and definitions": ({"symbol", "names", "function", "type", "definition_size"}, {"symbol", "definition"}),
    "a function begins there": (set(), {"function"}),
    "kind of path and size": (PENALTIES | EITHER_SIGN, set()),
}


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A golden question with what the search knows of it. `answers` marks documents, `spans` chunks."""

    repository: str
    query: Query
    single: bool
    features: Features
    answers: NDArray[np.bool_]
    spans: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One softmax: a row of features for each alternative, which of them are right, and whether one is enough."""

    values: Floats
    right: NDArray[np.bool_]
    any_will_do: bool


Bounds = Sequence[tuple[float | None, float | None]]


def fitted(choices: Sequence[Choice], bounds: Bounds, towards: Floats, penalty: float) -> Floats:
    """The weights with the least loss: the logarithm of the share that the right ones have, and the penalty."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        apart = weights - towards
        total, slope = 0.5 * penalty * float(apart @ apart), penalty * apart
        for choice in choices:
            points = choice.values @ weights
            powers = np.exp(points - points.max())
            shares = powers / powers.sum()
            right = np.where(choice.right, shares if choice.any_will_do else 1.0, 0.0)
            right /= right.sum()
            share = np.log(shares[choice.right].sum()) if choice.any_will_do else right @ np.log(shares)
            total -= float(share)
            slope += choice.values.T @ (shares - right)
        return total, slope

    found: Floats = minimize(loss, towards, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 300}).x
    return found


def fit(questions: Sequence[Question]) -> tuple[Weights, Weights]:
    """For sentences and for single words."""
    chunk_names = list(SENTENCE.chunk)
    chunk_choices = [choice for each in questions for choice in _chunk_choices(each, chunk_names)]
    chunk = fitted(chunk_choices, [(0, None)] * len(chunk_names), np.zeros(len(chunk_names)), PENALTY)
    base = replace(SENTENCE, chunk=_named(chunk_names, chunk / SPREAD))

    names = [name for name in _all_features() if name not in FIXED]
    bounds = [_bound(name) for name in names]
    sentence = fitted(
        [_file_choice(each, names, base) for each in questions if not each.single and each.answers.any()],
        bounds, np.zeros(len(names)), PENALTY,
    )  # fmt: skip
    name = fitted(
        [_file_choice(each, names, base) for each in questions if each.single and each.answers.any()],
        bounds, sentence, NAME_PENALTY,
    )  # fmt: skip
    fixed = {each: SENTENCE.file[each] for each in FIXED}
    return (
        replace(base, file={**_named(names, sentence), **fixed}),
        replace(base, file={**_named(names, name), **fixed}),
    )


def _all_features() -> list[str]:
    return list(dict.fromkeys([*SENTENCE.file, *NAME.file]))


def _bound(name: str) -> tuple[float | None, float | None]:
    if name in EITHER_SIGN:
        return None, None
    return (None, 0) if name in PENALTIES else (0, None)


def _named(names: Iterable[str], weights: Floats) -> dict[str, float]:
    return {name: round(float(weight), 2) for name, weight in zip(names, weights, strict=True)}


def _chunk_choices(question: Question, names: Sequence[str]) -> Iterable[Choice]:
    """One for each file that answers and of which not every candidate chunk does."""
    if question.spans is None:
        return
    chunks = question.features.chunks
    values = np.stack([chunks.values[name] for name in names], 1).astype(np.float64)
    for document in np.flatnonzero(question.answers).tolist():
        here = chunks.documents == document
        right = question.spans[here]
        if right.any() and not right.all():
            yield Choice(values[here], right, any_will_do=True)


def _file_choice(question: Question, names: Sequence[str], base: Weights) -> Choice:
    features, answers = question.features, question.answers
    scores = Scores.of(features, base)
    best = scores.sources[BEST_CHUNK] / base.file[BEST_CHUNK]
    columns = [best if name == BEST_CHUNK else features.files[name] for name in names]
    found = np.flatnonzero(features.found | answers)
    strongest = found[np.argsort(-scores.files[found], kind="stable")][:MOST_FILES]
    kept = np.union1d(strongest, np.flatnonzero(answers))
    return Choice(
        np.stack([column[kept] for column in columns], 1).astype(np.float64), answers[kept], any_will_do=False
    )


def judged(repository: Repository, question: Question, weights: tuple[Weights, Weights]) -> Scored:
    everything = np.ones(question.features.count, np.bool_)
    scores = Scores.of(question.features, weights[int(question.single)])
    ranked = rank_chunks(question.features, scores, everything, None)
    return scored(question.query, [repository.places[each.ordinal] for each in islice(ranked, DEPTH)])


def _question(repository: Repository, name: str, query: Query) -> Question:
    read = read_query(query.text)
    features = repository.features(read)
    answers = repository.documents_of({target.path for target in query.targets})
    spans = None
    if all(target.lines is not None for target in query.targets):
        places = [repository.places[ordinal] for ordinal in features.chunks.ordinals.tolist()]
        spans = np.array([any(map(place.answers, query.targets)) for place in places], np.bool_)
    return Question(name, query, read.single_token, features, answers, spans)


def _told(label: str, figures: Sequence[tuple[Query, Scored]]) -> None:
    blind = [each for query, each in figures if query.blind]
    print(
        f"{label:<52} {len(figures):>4} questions  chunk {fmean(each.chunk for _, each in figures):.4f}"
        f"  file {fmean(each.file for _, each in figures):.4f}  hit {fmean(each.hit for _, each in figures):.4f}"
        f"  file, filename-blind {fmean(each.file for each in blind):.4f}"
    )


def _annotated(
    arguments: argparse.Namespace, scratch: Path, tell: Callable[[str], None]
) -> Iterable[tuple[str, Annotated]]:
    for each in golden_repositories(scratch, tell):
        yield "golden", each
    if arguments.annotations:
        for each in annotated_repositories(arguments.annotations, arguments.sources):
            yield "annotations", each


def _without(weights: Weights, signal: str) -> Weights:
    of_files, of_chunks = SIGNALS[signal]
    return replace(
        weights,
        file={name: 0.0 if name in of_files else weight for name, weight in weights.file.items()},
        chunk={name: 0.0 if name in of_chunks else weight for name, weight in weights.chunk.items()},
    )


def _parts(weights: Mapping[str, float]) -> str:
    return ", ".join(f'"{name}": {weight}' for name, weight in weights.items() if weight)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=Path, help="questions beside the golden ones: a folder of NAME.json")
    parser.add_argument("--sources", type=Path, help="the folder with the sources of each NAME.json")
    arguments = parser.parse_args()
    repositories: dict[str, Repository] = {}
    questions: list[Question] = []
    sets: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="pampax-fit-") as scratch:
        for label, annotated in _annotated(arguments, Path(scratch), lambda line: print(line, flush=True)):
            print(f"indexing {annotated.name}", flush=True)
            repositories[annotated.name] = indexed(annotated)
            sets[annotated.name] = label
            questions += [_question(repositories[annotated.name], annotated.name, each) for each in annotated.queries]

    def figures(weights_of: Mapping[str, tuple[Weights, Weights]], label: str) -> list[tuple[Query, Scored]]:
        asked = [each for each in questions if sets[each.repository] == label]
        return [
            (each.query, judged(repositories[each.repository], each, weights_of[each.repository])) for each in asked
        ]

    order = sorted(repositories)
    random.Random(SEED).shuffle(order)  # noqa: S311 - no secret
    unseen: dict[str, tuple[Weights, Weights]] = {}
    for fold in (order[start::FOLDS] for start in range(FOLDS)):
        weights = fit([each for each in questions if each.repository not in fold])
        unseen |= dict.fromkeys(fold, weights)
    everywhere = fit(questions)
    for name, weights_of in (
        ("as they are", dict.fromkeys(order, (SENTENCE, NAME))),
        ("fitted, out of fold", unseen),
        ("fitted on all", dict.fromkeys(order, everywhere)),
        *(
            (
                f"as they are, without {signal}",
                dict.fromkeys(order, (_without(SENTENCE, signal), _without(NAME, signal))),
            )
            for signal in SIGNALS
        ),
    ):
        for label in dict.fromkeys(sets.values()):
            _told(f"{name}, {label}", figures(weights_of, label))
    for label, each in zip(("SENTENCE", "NAME"), everywhere, strict=True):
        print(f"{label}: {_parts(each.file)}")
    print(f"chunk: {_parts(everywhere[0].chunk)}")


if __name__ == "__main__":
    main()
