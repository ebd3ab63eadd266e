"""pampax repos"""

from __future__ import annotations

import sys

import click

from pampax.cli import words
from pampax.cli.group import OptionsGroup
from pampax.cli.repository_table import show_repository
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

EPILOG = """\b
Examples:
  pampax repos list
  pampax repos show my-repo --json
  pampax repos delete my-repo --yes
"""


@click.group(
    "repos",
    cls=OptionsGroup,
    short_help="List, show and delete repositories",
    epilog=EPILOG,
    invoke_without_command=True,
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show and delete repositories."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_repositories)


@command.command("list", epilog="\b\nExample:\n  pampax repos list --quiet      names only")
@with_session
def list_repositories(session: Session) -> None:
    """List the repositories that the key may read."""
    with session.client() as client:
        found = list(client.repositories())
    screen = session.screen
    if session.json:
        screen.document({"repositories": [repository.document() for repository in found]})
        return
    if session.quiet:
        for repository in found:
            screen.line(repository.name)
        return
    if not found:
        screen.line("no repositories yet")
        session.hint(f"index one with `{session.command('index PATH')}`")
        return
    rows = []
    for repository in found:
        status = repository.published()
        shown = ("-",) * 5
        if status is not None:
            commit = words.commit(status.commit, dirty=status.dirty)
            counts = (words.number(status.files), words.number(status.chunks))
            shown = (status.ref, commit, words.age(status.age_s), *counts)
        rows.append((repository.name, *shown, repository.source.words))
    screen.table(("NAME", "REF", "COMMIT", "AGE", "FILES", "CHUNKS", "SOURCE"), rows)


@command.command("show", epilog="\b\nExample:\n  pampax repos show my-repo")
@click.argument("name", type=TEXT)
@with_session
def show(session: Session, name: str) -> None:
    """Show one repository: its source, its patterns and what is indexed of it."""
    with session.client() as client:
        found = client.repository(name)
    if session.json:
        session.screen.document(found.document())
    else:
        show_repository(session, found)


@command.command("delete", epilog="\b\nExample:\n  pampax repos delete my-repo --yes")
@click.argument("name", type=TEXT)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@with_session
def delete(session: Session, name: str, yes: bool) -> None:
    """Delete a repository and everything that only it had. Its source is left alone."""
    with session.client() as client:
        found = client.repository(name)
        if not yes:
            _confirm(session, found.name)
        client.delete_repository(found.name)
    if session.json:
        session.screen.document({"deleted": found.name})
    elif not session.quiet:
        session.screen.line(f"deleted {found.name}")


def _confirm(session: Session, name: str) -> None:
    if session.json or not sys.stdin.isatty():
        raise click.UsageError(f"deleting {name} needs --yes where nobody can be asked", click.get_current_context())
    click.confirm(f"Delete {name} and everything indexed of it?", abort=True, err=True)
