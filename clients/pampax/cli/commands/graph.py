"""pampax graph"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pampax.cli.group import OptionsGroup
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT
from pampax.core.choices import Direction, Relation
from pampax.core.errors import LocalIOError

EPILOG = """\b
Examples:
  pampax graph symbols Session
  pampax graph callers Session.send --depth 2
  pampax graph callees src/app/main.py:40
  pampax graph importers src/app/settings.py
  pampax graph tests parse_config
  pampax graph path main Session.send
  pampax graph impact Session.send --depth 3 --svg impact.svg
  pampax graph cochange src/app/settings.py
  pampax graph repositories --svg map.svg

\b
SYMBOL is a name, the end of a qualified one (Session.send), PATH:LINE or PATH#NAME.
"""

_SHARED = (
    click.option("--repo", "-r", "repos", multiple=True, type=TEXT, metavar="REPO", help="Look only here; repeatable."),
    click.option("--ref", type=TEXT, metavar="REF", help="Branch or tag; the last one indexed if absent."),
)
_WALKED = (
    click.option("--max-nodes", type=click.IntRange(1, 1000), default=100, show_default=True, metavar="N"),
    click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture there, too."),
)


@click.group(
    "graph",
    cls=OptionsGroup,
    short_help="Show what uses what: callers, imports, tests, impact; what changes together",
    epilog=EPILOG,
)
def command() -> None:
    """Show what uses what: callers, imports, bases, tests, and what a change would reach; also from one repository to
    another, whose packages it imports.

    Edges are precise where scopes, imports and declared types tell what a name means, and inferred where its name
    alone does; then their confidence is shown. What changes together is told by history, and by cochange alone.
    """


def _with(options: tuple[Any, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _depth(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--depth", "-d", type=click.IntRange(1, 8), default=default, show_default=True, metavar="N", help="Steps."
    )


@command.command("symbols", epilog="\b\nExamples:\n  pampax graph symbols Session\n  pampax graph symbols Session.send")
@click.argument("name", type=TEXT)
@_with(_SHARED)
@click.option("--limit", "-k", type=click.IntRange(1, 200), default=50, show_default=True, metavar="N")
@with_session
def symbols(session: Session, name: str, repos: tuple[str, ...], ref: str | None, limit: int) -> None:
    """List the definitions of a name."""
    from pampax.cli.graph_page import show_symbols

    with session.client() as client:
        found = client.symbols(name, repos=repos, ref=ref or "", limit=limit)
    if session.json:
        session.screen.document(found.document())
    else:
        show_symbols(session, name, found)


def _walk(
    name: str, words: str, what: str, direction: Direction, relations: tuple[Relation, ...], depth: int = 1
) -> None:
    """Adds a command that walks in one direction along some relations."""

    @command.command(name, help=words, epilog=f"\b\nExample:\n  pampax graph {name} {what}")
    @click.argument("start", type=TEXT, metavar="FILE" if relations == ("imports",) else "SYMBOL|FILE")
    @_with(_SHARED)
    @_depth(depth)
    @_with(_WALKED)
    @with_session
    def walk(
        session: Session,
        start: str,
        repos: tuple[str, ...],
        ref: str | None,
        depth: int,
        max_nodes: int,
        svg: Path | None,
    ) -> None:
        _answer(
            session, svg, start=start, repos=repos, ref=ref, depth=depth, max_nodes=max_nodes,
            direction=direction, relations=relations,
        )  # fmt: skip


_walk("callers", "Show what calls it, tests included.", "Session.send", "in", ("calls", "tests"))
_walk("callees", "Show what it calls.", "Session.send", "out", ("calls", "tests"))
_walk("imports", "Show which files a file imports.", "src/app/main.py", "out", ("imports",))
_walk("importers", "Show which files import a file.", "src/app/settings.py", "in", ("imports",))
_walk("inherits", "Show bases and what derives from it.", "Session", "both", ("inherits",), 3)
_walk("tests", "Show the tests that exercise it.", "parse_config", "in", ("tests",))
_walk(
    "impact",
    "Show what a change of it may reach. That is whatever uses it, and what uses that.",
    "Session.send",
    "in",
    (),
    3,
)
_walk(
    "cochange",
    "Show which files changed in the same commits. A symbol stands for its file.",
    "src/app/settings.py",
    "out",
    ("changes_with",),
)


@command.command("path", epilog="\b\nExample:\n  pampax graph path main Session.send")
@click.argument("start", type=TEXT, metavar="SYMBOL|FILE")
@click.argument("end", type=TEXT, metavar="SYMBOL|FILE")
@_with(_SHARED)
@_with(_WALKED)
@with_session
def path(
    session: Session, start: str, end: str, repos: tuple[str, ...], ref: str | None, max_nodes: int, svg: Path | None
) -> None:
    """Show a shortest way from one to the other. It leads along what uses what."""
    _answer(session, svg, start=start, end=end, repos=repos, ref=ref, max_nodes=max_nodes)


@command.command(
    "repositories",
    epilog="\b\nExamples:\n  pampax graph repositories\n  pampax graph repositories -r shop -r base --svg map.svg",
)
@_with((*_SHARED, _WALKED[-1]))
@with_session
def repositories(session: Session, repos: tuple[str, ...], ref: str | None, svg: Path | None) -> None:
    """Show how repositories hang together. Told are the packages that each provides, and what it needs of others."""
    from pampax.cli.map_page import show_map
    from pampax.cli.map_picture import map_picture

    with session.client() as client:
        found = client.map_repositories(repos=repos, ref=ref or "")
    if svg is not None:
        _draw(svg, map_picture(found))
    if session.json:
        session.screen.document(found.document())
    else:
        show_map(session, found)
    if svg is not None:
        session.hint(f"the picture is in {svg}")


def _answer(session: Session, svg: Path | None, **asked: Any) -> None:  # noqa: ANN401 - the request checks them
    from pampax.cli.graph_page import show_traversal
    from pampax.cli.graph_picture import picture
    from pampax.client.graph import TraverseRequest

    request = TraverseRequest(**asked)
    with session.client() as client:
        found = client.traverse(request)
    if svg is not None:
        _draw(svg, picture(found))
    if session.json:
        session.screen.document(found.document())
    else:
        show_traversal(session, request, found)
    if svg is not None:
        session.hint(f"the picture is in {svg}")


def _draw(svg: Path, picture: str) -> None:
    try:
        svg.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise LocalIOError(f"cannot write {svg}: {error.strerror}; name another file") from error
