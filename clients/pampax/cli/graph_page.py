"""Definitions, and what hangs together, for a person."""

from __future__ import annotations

from pampax.cli import words
from pampax.cli.screen import Segment
from pampax.cli.session import Session
from pampax.client.graph import GraphEdge, GraphNode, Symbols, Traversal, TraverseRequest

_HEADERS = ("KIND", "SYMBOL", "PLACE", "SIGNATURE")
_ACTIVE = {
    "calls": "calls", "references": "names", "inherits": "inherits", "imports": "imports", "tests": "tests",
    "changes_with": "changes with",
}  # fmt: skip


def show_symbols(session: Session, name: str, found: Symbols) -> None:
    if not found.symbols:
        session.screen.line(f"nothing is called {name}")
        session.hint(f"look for parts of names with `{session.command('search')} -m symbol {name}`")
        return
    several = len(found.snapshots) > 1
    if session.quiet:
        for node in found.symbols:
            session.screen.line(_place(node, several=several))
        return
    rows = [(node.kind, node.symbol, _place(node, several=several), node.signature[:80]) for node in found.symbols]
    session.screen.table(_HEADERS, rows)
    if found.total > len(found.symbols):
        session.hint(f"{found.total - len(found.symbols)} more: ask with --limit, --repo or a longer name")


def show_traversal(session: Session, request: TraverseRequest, found: Traversal) -> None:
    """The nodes where it began, and below each what was reached from it, a step further to the right."""
    several = len(found.snapshots) > 1
    if session.quiet:
        for node in found.nodes:
            session.screen.line(_place(node, several=several))
        return
    shown: set[int] = set()
    if request.end is not None:
        _show_way(session, found, several=several)
    else:
        for number, node in enumerate(found.nodes):
            if node.depth == 0:
                session.screen.line(*_named(node, several=several))
                shown.add(number)
                _show_below(session, found, number, shown, several=several)
    if not found.edges and not any(notice.startswith("no way") for notice in found.notices):
        session.screen.line("nothing found" if request.end is None else "no way there")
    for notice in found.notices:
        session.screen.line((notice, "yellow"))
    # What changes together is counted.
    inferred = sum(edge.certainty == "inferred" and edge.relation != "changes_with" for edge in found.edges)
    told = f"{words.counted(len(found.nodes), 'node')}, {words.counted(len(found.edges), 'edge')}"
    told += f", {inferred} inferred" if inferred else ""
    session.screen.line((f"{told}, {found.took_ms:.0f} ms", "dim"))


def _show_way(session: Session, found: Traversal, *, several: bool) -> None:
    """No two ways share a node."""
    for number, node in enumerate(found.nodes if found.edges else ()):
        arrow = next((edge for edge in found.edges if edge.target == number), None)
        said = _step(arrow) if arrow is not None else ""
        session.screen.line("  " * node.depth, (said, "cyan"), *_named(node, several=several))


def _step(edge: GraphEdge) -> str:
    verb = _ACTIVE.get(edge.relation, edge.relation)
    return f"{verb} in line {edge.line} " if edge.line else f"{verb} "


def _show_below(session: Session, found: Traversal, at: int, shown: set[int], *, several: bool) -> None:
    """What the edges of a node lead to, one step further from the start."""
    depth = found.nodes[at].depth
    for edge in found.edges:
        other = edge.source if edge.target == at else edge.target
        if at not in (edge.source, edge.target) or other == at or found.nodes[other].depth != depth + 1:
            continue
        if edge.relation == "changes_with" and edge.source != at:
            continue  # said the other way round already
        session.screen.line(
            "  " * (depth + 1), *_line(edge, found.nodes[other], used=edge.target == at, several=several)
        )
        if other not in shown:
            shown.add(other)
            _show_below(session, found, other, shown, several=several)


def _line(edge: GraphEdge, node: GraphNode, *, used: bool, several: bool) -> list[Segment]:
    """As in: `<- calls it  Client.get  src/client.py:12  line 14, 3 places`."""
    verb = _ACTIVE.get(edge.relation, edge.relation)
    places = f"  line {edge.line}" + (f", {edge.count} places" if edge.count > 1 else "")
    line: list[Segment] = [
        (f"<- {verb} it  " if used else f"-> {verb}  ", "cyan"),
        *_named(node, several=several),
        (places if edge.line else "", "dim"),
    ]
    if edge.certainty == "inferred":
        line.append((f"  {edge.confidence:.2f}, {edge.why}", "yellow"))
    return line


def _named(node: GraphNode, *, several: bool) -> list[Segment]:
    """A definition with its place; a file is its own."""
    place = _place(node, several=several)
    return [(node.symbol, "bold"), (f"  {place}", "dim")] if node.symbol else [(place, "bold")]


def _place(node: GraphNode, *, several: bool) -> str:
    place = f"{node.path}:{node.start_line}" if node.symbol else node.path
    return f"{node.repo} {place}" if several else place
