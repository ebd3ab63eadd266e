"""The answer to a search for a person."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from pampax.cli import words
from pampax.cli.screen import Screen, Segment
from pampax.cli.session import Session
from pampax.client.search import Evidence, SearchAnswer, SearchRequest, SearchResult

SHOWN_LINES = 5
# Shorter words are in every line; of longer ones the beginning counts: retry and retries are meant alike.
_WORD = re.compile(r"[^\W_]{3,}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BEGINNING = 4


def show_answer(session: Session, request: SearchRequest, answer: SearchAnswer) -> None:
    """Results with a few lines each and what they were made from; with --quiet a place per line and nothing else."""
    if session.quiet:
        for result in answer.results:
            session.screen.line(_place(result))
        return
    if not answer.results:
        _show_nothing(session, request, answer)
        _show_missed(session.screen, answer)
        return
    several = len(answer.snapshots) > 1
    for rank, result in enumerate(answer.results, 1):
        _show_result(session.screen, rank, result, request.query, several=several)
    session.screen.line((_footer(answer), "dim"))
    if answer.degraded or answer.notices:
        session.screen.line((_left_out(answer), "yellow"))
    _show_missed(session.screen, answer)
    if answer.next_page_token:
        session.hint(f"more with: --page-token {answer.next_page_token}")


def excerpt(content: str, query: str, matched: Collection[int] = (), count: int = SHOWN_LINES) -> tuple[int, list[str]]:
    """The `count` lines in a row with most of the `matched` ones, counted from 0, or else with most words of the query,
    and how many lines come before them."""
    lines = content.rstrip("\n").split("\n")
    wanted = _beginnings(query)
    hits = [number in matched if matched else len(wanted & _beginnings(line)) for number, line in enumerate(lines)]
    starts = range(max(1, len(lines) - count + 1))
    likeliest = max(0, min(matched, default=0) - 1)  # a line before the first that matches
    best = max(starts, key=lambda start: (sum(hits[start : start + count]), -abs(start - likeliest)))
    return best, lines[best : best + count]


def _beginnings(text: str) -> set[str]:
    return {word.lower()[:_BEGINNING] for word in _WORD.findall(_CAMEL.sub(" ", text))}


def _show_result(screen: Screen, rank: int, result: SearchResult, query: str, *, several: bool) -> None:
    heading: list[Segment] = [(f"{rank}. ", "bold")]
    if several:
        heading.append((f"{result.repo} ", "blue"))
    heading += [(result.path, "bold magenta"), (f":{result.start_line}-{result.end_line}", "green")]
    if result.symbol:
        heading += ["  ", (result.symbol, "bold cyan")]
    heading.append((f"  {words.joined([result.kind, result.language, f'{result.score:.3f}'])}", "dim"))
    screen.line(*heading)
    if result.other_paths:
        screen.line(("   also ", "dim"), ", ".join(result.other_paths))
    before, lines = excerpt(result.content, query, [line - result.start_line for line in result.matched_lines])
    screen.code("\n".join(lines), result.language, result.start_line + before)
    if result.evidence:
        _show_evidence(screen, result.evidence, result.score)
    screen.line()


def _show_evidence(screen: Screen, evidence: Iterable[Evidence], score: float) -> None:
    rows = [
        (part.source, str(part.rank) if part.rank else "-", f"{part.value:.3f}", f"{part.score:+.3f}", part.detail)
        for part in evidence
    ]
    rows.append(("total", "", "", f"{score:.3f}", ""))
    screen.table(("SIGNAL", "RANK", "VALUE", "POINTS", "WHY"), rows, indent="   ")


def _show_missed(screen: Screen, answer: SearchAnswer) -> None:
    for missed in answer.why_not:
        screen.line((missed.path, "bold magenta"), (f" in {missed.repo}: ", "dim"), missed.detail)
        if missed.evidence:
            _show_evidence(screen, missed.evidence, missed.score)


def _show_nothing(session: Session, request: SearchRequest, answer: SearchAnswer) -> None:
    session.screen.line(f"no results for {request.query!r}")
    if not answer.snapshots:
        session.hint(f"nothing is indexed yet: `{session.command('index PATH')}`")
        return
    narrowed = [
        option
        for option, value in (
            ("-l", request.languages),
            ("-p", request.path_glob),
            ("--kind", request.kinds),
            ("-m", request.mode != "hybrid"),
            ("the context pack", answer.pack),
        )
        if value
    ]
    advice = f"try without {' and '.join(narrowed)}" if narrowed else "try other words, or fewer"
    session.hint(f"{advice}; searched {_searched(answer)}")
    if answer.degraded or answer.notices:
        session.hint(_left_out(answer))


def _left_out(answer: SearchAnswer) -> str:
    return "; ".join(answer.notices) or f"without {', '.join(answer.degraded)}; `pampax health` tells why"


def _footer(answer: SearchAnswer) -> str:
    return words.joined(
        [
            words.counted(len(answer.results), "result"),
            words.duration(answer.took_ms),
            f"cache {answer.cache}",
            f"read as {answer.intent}" if answer.intent else "",
            _searched(answer),
        ]
    )


def _searched(answer: SearchAnswer) -> str:
    if len(answer.snapshots) != 1:
        return f"{words.counted(len(answer.snapshots), 'repository', 'repositories')}, oldest {words.age(answer.age_s)}"
    (snapshot,) = answer.snapshots
    commit = f" {words.commit(snapshot.commit)}" if snapshot.commit else ""
    return f"{snapshot.repo}@{snapshot.ref}{commit}, {words.age(snapshot.age_s)} old"


def _place(result: SearchResult) -> str:
    """Of a pattern the first line that matches."""
    if result.matched_lines:
        return f"{result.path}:{result.matched_lines[0]}"
    return f"{result.path}:{result.start_line}-{result.end_line}"
