"""Suite `quality`: how well questions with known answers are answered, whatever the machine.

Questions about one repository each, through the gateway, in the mode and with the limits that users have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pampax.bench.asking import Asker
from pampax.bench.figures import Figure
from pampax.bench.golden.model import Annotated, Query
from pampax.bench.golden.pages import write_page
from pampax.bench.golden.scoring import Chunk, Scored, scored
from pampax.bench.suites.indexing import index
from pampax.bench.suites.job import Job
from pampax.core.errors import Internal

LIMIT = 20
BUNDLE_TOKENS = 4_000
_MEASURES: Mapping[str, str] = {
    "chunk": "chunk NDCG@10",
    "file": "file NDCG@10",
    "reciprocal": "reciprocal rank",
    "recall": "recall@10",
    "hit": "hit@10",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """An answered question; `bundled`: whether a bundle for it shows every file that answers, by a line at least."""

    query: Query
    scored: Scored
    bundled: bool


def measure(job: Job) -> list[Figure]:
    judged: list[Judged] = []
    with job.system() as system, Asker(system.endpoint, system.token) as asker:
        for repository in job.repository.annotated:
            job.tell(f"indexing {repository.name}")
            _index(asker, repository)
            job.tell(f"asking {len(repository.queries)} questions about {repository.name}")
            for query in repository.queries:
                ranked = _asked(asker, repository, query)
                judged.append(Judged(query, scored(query, ranked), _bundled(asker, repository, query)))
                if job.answers is not None:
                    write_page(job.answers, repository.name, query, ranked)
    return figures(judged)


def figures(judged: Sequence[Judged]) -> list[Figure]:
    """Means over all questions, over the filename-blind ones, and by category and language; bundles over all."""
    blind = [each for each in judged if each.query.blind]
    found = [_figure(name, part, judged) for part, name in _MEASURES.items()]
    found += [_figure(f"{_MEASURES[part]}, filename-blind", part, blind) for part in ("chunk", "file")] if blind else []
    shown = fmean(each.bundled for each in judged)
    found.append(Figure("quality", f"all files in a bundle of {BUNDLE_TOKENS:,} tokens", "of 1", (shown,), "higher"))
    groups: dict[str, list[Judged]] = {}
    for part in ("category", "language"):
        for each in sorted(judged, key=lambda each: str(getattr(each.query, part))):
            groups.setdefault(getattr(each.query, part), []).append(each)
    return found + [_figure(f"chunk NDCG@10, {name}", "chunk", group) for name, group in groups.items()]


def _figure(name: str, part: str, judged: Iterable[Judged]) -> Figure:
    mean = fmean(getattr(each.scored, part) for each in judged)
    return Figure("quality", name, "of 1", (mean,), "higher")


def _index(asker: Asker, repository: Annotated) -> None:
    body = {"name": repository.name, "source": {"path": str(repository.folder)}}
    patterns = {"include": list(repository.include), "exclude": list(repository.exclude)}
    asker.post("/v1/repositories", {**body, **{key: value for key, value in patterns.items() if value}})
    index(asker, repository.name)


def _asked(asker: Asker, repository: Annotated, query: Query) -> list[Chunk]:
    answer = asker.post_document("/v1/search", {"query": query.text, "repos": [repository.name], "limit": LIMIT})
    if answer.get("degraded"):
        raise Internal(f"a search in {repository.name} lacked {answer['degraded']}: its ranking says nothing")
    return [
        Chunk((each["path"], *each["other_paths"]), each["start_line"], each["end_line"]) for each in answer["results"]
    ]


def _bundled(asker: Asker, repository: Annotated, query: Query) -> bool:
    body = {"task": query.text, "repos": [repository.name], "token_budget": BUNDLE_TOKENS}
    answer = asker.post_document("/v1/bundles", body)
    if answer["degraded"]:
        raise Internal(f"a bundle of {repository.name} lacked {answer['degraded']}: it says nothing")
    shown = {item["path"] for item in answer["items"] if item["rendering"] != "reference"}
    return {target.path for target in query.targets} <= shown
