"""pampax bundle"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pampax.cli.commands.assemble import as_json, summary, write_whole
from pampax.cli.group import OptionsGroup
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT
from pampax.core.errors import FailedPrecondition, InvalidRequest, PampaxError, Unavailable

if TYPE_CHECKING:
    from pampax.cli.bundle_difference import Difference
    from pampax.client.bundle import Bundle, Verification
    from pampax.client.client import Client

EXIT_DIFFERS = 7
NOT_COMPARED = "BUNDLE_NOT_COMPARED"
_SHORT = 12

EPILOG = """\b
Examples:
  pampax assemble "add retries to the mailer" --json | jq -r .signature
  pampax bundle show 3f9a51c07be2 -o bundle.md
  pampax bundle verify 3f9a51c07be2     the same bytes now, or what changed
  pampax bundle diff 3f9a51c07be2       against what the same request gives now
"""
_DIFFERS = "\n\nExit code 7: it differs. 4: a part of the system is away."


@click.group("bundle", cls=OptionsGroup, short_help="Show, verify and compare bundles by signature", epilog=EPILOG)
def command() -> None:
    """Show, verify and compare bundles by their signature.

    A bundle is kept for a day after it was given last. Whoever may read all repositories in it may ask for it, by the
    whole signature or 12 of its first digits. A degraded bundle has no signature.
    """


@command.command(
    "show", epilog="\b\nExamples:\n  pampax bundle show 3f9a51c07be2\n  pampax bundle show 3f9a51c07be2 -o bundle.md"
)
@click.argument("signature", type=TEXT)
@click.option("--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Write there instead of stdout.")
@with_session
def show(session: Session, signature: str, output: str | None) -> None:
    """Show a kept bundle as it was given: the same bytes."""
    with session.client() as client, _as_argument():
        bundle = client.bundle(signature, with_content=session.json)
    if output is not None:
        write_whole(Path(output), as_json(bundle.document()) + "\n" if session.json else bundle.markdown)
    elif session.json:
        session.screen.document(bundle.document())
    else:
        session.screen.text(bundle.markdown)
    session.hint(summary(bundle, output))


@command.command(
    "verify",
    epilog=f"\b\nExamples:\n  pampax bundle verify 3f9a51c07be2\n  pampax bundle verify 3f9a51c07be2 --json{_DIFFERS}",
)
@click.argument("signature", type=TEXT)
@with_session
def verify(session: Session, signature: str) -> None:
    """Tell whether a kept bundle is the same now, or what changed.

    It is assembled again, past every cache, and compared byte by byte.
    """
    with session.client() as client, _as_argument():
        found = client.verify_bundle(signature)
    if session.json:
        document = found.document()
        document["current"] = found.current and found.current.signature
        session.screen.document(document)
    elif not session.quiet or found.status != "same":
        told = {"same": "the same bytes", "changed": "changed"}.get(found.status, "nothing can be said")
        session.screen.line((found.signature[:_SHORT], "bold"), f": {told}")
        for line in found.changes:
            session.screen.line(f"  {line}")
    if found.status == "unknown":
        click.get_current_context().exit(Unavailable.exit_code)
    if found.status != "same":
        click.get_current_context().exit(EXIT_DIFFERS)


@command.command(
    "diff",
    epilog=f"""\b
Examples:
  pampax bundle diff 3f9a51c07be2                  against what the same request gives now
  pampax bundle diff 3f9a51c07be2 77d01e4ac95b     against another kept one{_DIFFERS}""",
)
@click.argument("signature", type=TEXT)
@click.argument("other", required=False, type=TEXT)
@with_session
def diff(session: Session, signature: str, other: str | None) -> None:
    """Compare a kept bundle with another one, or with one of now.

    That of now is what the same request gives.

    Pieces added, removed and shown otherwise, then a unified diff of the text.
    """
    from pampax.cli.bundle_difference import difference

    with session.client() as client, _as_argument():
        before = client.bundle(signature, with_content=True)
        after = client.bundle(other, with_content=True) if other is not None else _now(client, before)
    names = (before.signature[:_SHORT], after.signature[:_SHORT] if other is not None else "now")
    found = difference(before, after, names)
    if session.json:
        session.screen.document(found.document())
    else:
        _show(session, found)
    if found.text:
        click.get_current_context().exit(EXIT_DIFFERS)


def _now(client: Client, before: Bundle) -> Bundle:
    """What the same request gives. Unavailable where that is nothing, or not whole."""
    found = client.verify_bundle(before.signature)
    if found.status == "same":
        return before
    if found.current is None or found.current.degraded:
        raise _not_compared(found)
    return found.current


def _not_compared(found: Verification) -> PampaxError:
    kind = FailedPrecondition if found.current is None else Unavailable
    return kind(f"{found.signature[:_SHORT]} cannot be compared: {'; '.join(found.changes)}", reason=NOT_COMPARED)


def _show(session: Session, found: Difference) -> None:
    if not found.text:
        session.screen.line("the same bytes")
    for sign, style, lines in (
        ("+", "green", found.added), ("-", "red", found.removed), ("~", "yellow", found.changed),
    ):  # fmt: skip
        for line in lines:
            session.screen.line((f"{sign} ", style), line)
    if found.text and not session.quiet:
        session.screen.line()
        session.screen.text(found.text)


@contextmanager
def _as_argument() -> Iterator[None]:
    """A word that is no signature is refused by the words of the command."""
    try:
        yield
    except InvalidRequest as error:
        error.message = error.message.replace("signature must", "SIGNATURE must", 1)
        raise
