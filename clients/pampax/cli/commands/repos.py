"""pampax repos"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pampax.cli import words
from pampax.cli.check_page import show_check
from pampax.cli.git_credential import Given, credential_options
from pampax.cli.group import OptionsGroup
from pampax.cli.refreshing import Interval, trouble_of, words_of
from pampax.cli.repository_table import show_repository
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.client.repository import Repository

EPILOG = """\b
Examples:
  pampax repos list
  pampax repos show my-repo --json
  pampax repos check my-repo --documents 1000
  pampax repos update my-repo --refresh 15min
  pampax repos delete my-repo --yes
  pampax repos delete my-repo --ref old-branch --yes
  pampax repos credential my-repo --token-env GIT_TOKEN
"""

EXIT_DIFFERS = 7
_CHECK_EPILOG = """\b
Examples:
  pampax repos check my-repo
  pampax repos check my-repo --documents 1000 --json

Exit code 7: something differs.
"""


@click.group(
    "repos",
    cls=OptionsGroup,
    short_help="List, show, check, change and delete repositories",
    epilog=EPILOG,
    invoke_without_command=True,
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show, check, change and delete repositories."""
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
    some_refresh = any(repository.refresh for repository in found)
    for repository in found:
        status = repository.published()
        shown = ("-",) * 5
        if status is not None:
            commit = words.commit(status.commit, dirty=status.dirty)
            counts = (words.number(status.files), words.number(status.chunks))
            shown = (status.ref, commit, words.age(status.age_s), *counts)
        rows.append((repository.name, *shown, *_refresh(repository, some_refresh), repository.source.words))
    titles = ("REFRESH",) if some_refresh else ()
    screen.table(("NAME", "REF", "COMMIT", "AGE", "FILES", "CHUNKS", *titles, "SOURCE"), rows)


def _refresh(repository: Repository, shown: bool) -> tuple[str, ...]:
    """A column only where there is something in it."""
    if not shown:
        return ()
    failing = " (failing)" if trouble_of(repository.refresh) else ""
    return (words_of(repository.refresh) + failing,)


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


@command.command("check", epilog=_CHECK_EPILOG)
@click.argument("name", type=TEXT)
@click.option("--ref", type=TEXT, help="This published branch or tag; the one published last when left out.")
@click.option(
    "--documents", "-n", type=click.IntRange(1, 10_000), default=100, show_default=True,
    help="How many to derive anew, chosen at random.",
)  # fmt: skip
@with_session
def check(session: Session, name: str, ref: str | None, documents: int) -> None:
    """Compare what is indexed with what its content gives when it is derived anew.

    Chunks, symbols, terms and vectors of a sample of documents, the snapshot as a whole, and how many of the exact
    neighbours the vector index finds. Nothing is changed; it takes a minute at most. The system does the same with
    fewer documents every quarter of an hour.
    """
    with session.client() as client:
        found = client.check(name, ref=ref or "", documents=documents)
    if session.json:
        session.screen.document(found.document())
    elif not session.quiet:
        show_check(session, found)
    if found.differing:
        click.get_current_context().exit(EXIT_DIFFERS)


@command.command(
    "update",
    epilog="\b\nExamples:\n  pampax repos update my-repo --refresh 15min\n  pampax repos update my-repo --refresh none",
)
@click.argument("name", type=TEXT)
@click.option(
    "--refresh", type=Interval(), required=True, metavar="DURATION",
    help="How often to look at its source: 90s, 15min, 2h, 1d; none: never.",
)  # fmt: skip
@with_session
def update(session: Session, name: str, refresh: float) -> None:
    """Have the system look at a repository's source regularly, and index the refs that have moved there.

    For git URLs, and for folders that the system reads in place. What is uploaded is kept fresh by `pampax watch`.
    """
    with session.client() as client:
        changed = client.set_refresh(name, int(refresh))
    if session.json:
        session.screen.document(changed.document())
    elif not session.quiet:
        session.screen.line((changed.name, "bold"), f"  refresh {words_of(changed.refresh)}")


@command.command(
    "delete",
    epilog="\b\nExamples:\n  pampax repos delete my-repo --yes\n  pampax repos delete my-repo --ref old-branch --yes",
)
@click.argument("name", type=TEXT)
@click.option("--ref", type=TEXT, help="Delete what is indexed of this branch or tag alone.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@with_session
def delete(session: Session, name: str, ref: str | None, yes: bool) -> None:
    """Delete a repository and everything that only it had, or one ref of it. Its source is left alone.

    A deleted ref is not shown any more from then on. What only it had is removed by the repository's next run of
    `pampax index`, and at once when it was the last ref.
    """
    with session.client() as client:
        found = client.repository(name)
        what = found.name if ref is None else f"{ref} of {found.name}"
        if not yes:
            _confirm(session, what)
        if ref is None:
            client.delete_repository(found.name)
        else:
            client.delete_ref(found.name, ref)
    if session.json:
        session.screen.document({"deleted": found.name} if ref is None else {"deleted": found.name, "ref": ref})
    elif not session.quiet:
        session.screen.line(f"deleted {what}")


@command.command(
    "credential",
    epilog="""\b
Examples:
  pampax repos credential my-repo --token-env GIT_TOKEN
  pampax repos credential my-repo --ssh-key ~/.ssh/shop_read --known-hosts hosts
  pampax repos credential my-repo --remove
""",
)
@click.argument("name", type=TEXT)
@credential_options
@click.option("--remove", is_flag=True, help="Forget the one that is stored.")
@with_session
def credential(
    session: Session,
    name: str,
    token_env: str | None,
    token_user: str | None,
    ssh_key: str | None,
    known_hosts: str | None,
    remove: bool,
) -> None:
    """Store, replace or remove what a repository's git server wants to see. Without options: tell what is stored.

    It is encrypted, used from the next run on and never shown again. An ssh key is shown to hosts alone whose keys are
    known: those of --known-hosts, or those that the machine of the workers knows.
    """
    given = Given(token_env, token_user, ssh_key, known_hosts)
    if remove and given:
        raise click.UsageError("--remove goes without a token or key", click.get_current_context())
    with session.client() as client:
        found = client.repository(name)
        if remove:
            client.delete_credential(found.name)
        else:
            new = given.read(found.source.git_url or "") if given else None
            if new is not None:
                found = client.set_credential(found.name, new)
    stored = None if remove else found.credential
    if session.json:
        session.screen.document({"repository": found.name, "credential": None if stored is None else stored.document()})
    elif not session.quiet:
        session.screen.line(f"{found.name}: {words.credential(stored)}")


def _confirm(session: Session, what: str) -> None:
    if session.json or not sys.stdin.isatty():
        raise click.UsageError(f"deleting {what} needs --yes where nobody can be asked", click.get_current_context())
    click.confirm(f"Delete {what} and everything indexed of it?", abort=True, err=True)
