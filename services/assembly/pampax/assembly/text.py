"""The markdown of a bundle, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pampax.assembly import compact
from pampax.assembly.bundle import Omitted, Rendering
from pampax.assembly.markup import code, fenced, plain, shortened
from pampax.assembly.pieces import Piece
from pampax.assembly.source import Place
from pampax.storage.snapshots import Snapshot

LINES_HEADING = "## In one line"
OMITTED_HEADING = "## Left out"
COMMIT_CHARS = 12
MAX_NAMED_SNAPSHOTS = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What the title and the footer of a bundle speak of."""

    task: str
    snapshots: tuple[Snapshot, ...]
    signature: str
    degraded: tuple[str, ...]
    notices: tuple[str, ...] = ()
    narrowed: str = ""  # to which files and chunks the request is, in a sentence
    compact: bool = False  # for agents: line numbers and ids

    @property
    def many(self) -> bool:
        """Whether places need their repository's name."""
        return len(self.snapshots) > 1


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the pieces; the less room there is, the less it says."""

    title: str
    footer: str

    @property
    def text(self) -> str:
        return joined([self.title, self.footer])


def frames(subject: Subject, repositories: Sequence[str]) -> list[Frame]:
    """From the one that says all to the one that takes next to nothing. `repositories` have pieces in the bundle."""
    named = [each for each in subject.snapshots if each.repository in repositories] or list(subject.snapshots)
    sources = _sources(named, len(subject.snapshots))
    short = _sources(named[:1], len(subject.snapshots)) if named else ""
    seal = _seal(subject)
    advice = compact.ADVICE if subject.compact else ""
    return [
        Frame(
            _title(subject.task, 300),
            joined(["---", "\n".join(filter(None, [sources, subject.narrowed, advice, seal]))]),
        ),
        Frame(_title(subject.task, 120), joined(["---", sources])),
        Frame(_title(subject.task, 60), joined(["---", short])),
        Frame(_title(subject.task, 40), ""),
        Frame("# Context", ""),
    ]


def section(piece: Piece, *, many: bool, compactly: bool = False) -> str:
    """A piece with its heading; what takes a line is an entry of a list."""
    if compactly:
        return compact.section(piece, _where(piece.place, many=many))
    if piece.rendering <= Rendering.SIGNATURE:
        shown = code(piece.content or piece.symbol) if piece.content or piece.symbol else ""
        return f"- {' '.join(filter(None, [_where(piece.place, many=many), shown]))}: {piece.reason}"
    outline = " (outline)" if piece.rendering is Rendering.SKELETON else ""
    title = f" {piece.title}" if piece.title else ""
    heading = f"## {_where(piece.place, many=many)}{title}{outline}"
    return joined([heading, f"{_capital(piece.reason)}.", fenced(piece.content, piece.language)])


def omitted_line(omitted: Omitted, *, many: bool, compactly: bool = False) -> str:
    place = Place(omitted.repository, omitted.path, omitted.start_line, omitted.end_line)
    symbol = f" {code(omitted.symbol)}" if omitted.symbol else ""
    known = f" {compact.named(omitted.id)}" if compactly and omitted.id else ""
    return f"- {_where(place, many=many)}{symbol}{known}, {omitted.tokens} tokens"


def whole(frame: Frame, sections: Sequence[str], lines: Sequence[str], omitted: Sequence[str]) -> str:
    """The markdown. `sections` are pieces with code, `lines` those that take a line."""
    parts = [frame.title, *sections]
    if lines:
        parts += [LINES_HEADING, "\n".join(lines)] if sections else ["\n".join(lines)]
    if omitted:
        parts += [OMITTED_HEADING, "\n".join(omitted)]
    return joined([*parts, frame.footer]) + "\n"


def joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block)


def _title(task: str, most: int) -> str:
    return f"# Context: {plain(shortened(task, most))}"


def _where(place: Place, *, many: bool) -> str:
    lines = f"{place.start_line}-{place.end_line}" if place.end_line > place.start_line else f"{place.start_line}"
    repository = f" in {code(place.repository)}" if many else ""
    return code(f"{place.path}:{lines}") + repository


def _sources(named: Sequence[Snapshot], total: int) -> str:
    said = [_source(each) for each in named[:MAX_NAMED_SNAPSHOTS]]
    more = total - len(said)
    searched = f" Searched beside {'it' if len(said) == 1 else 'them'}: {more} more." if more else ""
    return f"From {'; '.join(said)}.{searched}" if said else ""


def _source(snapshot: Snapshot) -> str:
    commit = f"commit {snapshot.commit[:COMMIT_CHARS]}" if snapshot.commit else "no commit"
    changed = " with local changes" if snapshot.dirty else ""
    return (
        f"{code(snapshot.repository)} at {code(shortened(snapshot.ref, 80))}, {commit}{changed}, "
        f"generation {snapshot.generation}"
    )


def _seal(subject: Subject) -> str:
    if subject.notices:
        return f"Not complete ({plain('. '.join(subject.notices))}), so it has no signature."
    if subject.degraded:
        return f"Not complete ({', '.join(subject.degraded)} did not answer), so it has no signature."
    return f"Signature: {subject.signature}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
