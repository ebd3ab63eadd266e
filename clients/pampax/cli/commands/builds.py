"""pampax builds"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pampax.cli import words
from pampax.cli.group import OptionsGroup
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.client.client import Client
    from pampax.client.repository import Build, Pruned

HEADERS = ("REPOSITORY", "BUILD", "STATE", "REFS", "AGE", "FILES", "CHUNKS", "SIZE")
MOST_CALLS = 100  # of prune, each a minute at most: a build that cannot be removed in that time stays

EPILOG = """\b
Examples:
  pampax builds list
  pampax builds list --repo my-repo --json
  pampax builds prune --dry-run
"""


@click.group(
    "builds",
    cls=OptionsGroup,
    short_help="List what is derived of repositories, and remove what nothing uses",
    epilog=EPILOG,
    invoke_without_command=True,
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List what is derived of repositories, and remove what nothing uses.

    A build is what one version of chunker, languages and embedding model has derived of a repository. `pampax index
    --full` and a new version of the code begin a new one beside the old, which is active while a ref shows it.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_builds)


@command.command("list", epilog="\b\nExample:\n  pampax builds list --repo my-repo")
@click.option("--repo", "-r", "repository", type=TEXT, help="Of this repository alone.")
@with_session
def list_builds(session: Session, repository: str | None = None) -> None:
    """List builds with their state and size.

    active: a ref shows it. kept: a search may still read it, for an hour. busy: an operation may be writing it. unused:
    `pampax builds prune` removes it, as does the repository's next index run.
    """
    with session.client() as client:
        found = list(client.builds(repository or ""))
    if session.json:
        session.screen.document({"builds": [build.document() for build in found]})
    elif not found:
        session.screen.line("no builds yet")
        session.hint(f"index something with `{session.command('index PATH')}`")
    else:
        _show(session, found)


@command.command("prune", epilog="\b\nExamples:\n  pampax builds prune --dry-run\n  pampax builds prune --repo my-repo")
@click.option("--repo", "-r", "repository", type=TEXT, help="Of this repository alone.")
@click.option("--dry-run", is_flag=True, help="Tell what would be removed, and remove nothing.")
@with_session
def prune(session: Session, repository: str | None, dry_run: bool) -> None:
    """Remove the builds that nothing uses; what refs show or searches read stays as it is.

    Without --repo those of all repositories that the key may write.
    """
    with session.client() as client:
        pruned = _pruned(client, repository or "", dry_run=dry_run)
    if session.json:
        session.screen.document({**pruned.document(), "dry_run": dry_run})
        return
    if session.quiet:
        return
    if pruned.removed:
        _show(session, pruned.removed)
    size = words.size(sum(build.bytes for build in pruned.removed))
    told = f"{words.counted(len(pruned.removed), 'build')}, {size}" if pruned.removed else "nothing"
    session.screen.line(f"would remove {told}" if dry_run else f"removed {told}")
    if pruned.left:
        session.hint(f"{words.counted(pruned.left, 'build')} left: prune again")


def _pruned(client: Client, repository: str, *, dry_run: bool) -> Pruned:
    """Asks again while there are some left and each call removes one."""
    pruned = client.prune_builds(repository, dry_run=dry_run)
    for _ in range(MOST_CALLS):
        if not pruned.left:
            break
        more = client.prune_builds(repository)
        pruned = more.model_copy(update={"removed": [*pruned.removed, *more.removed]})
        if not more.removed:
            break
    return pruned


def _show(session: Session, builds: Sequence[Build]) -> None:
    rows = [
        (
            build.repo,
            build.version,
            build.state,
            words.number(build.refs),
            "-" if build.age_s is None else words.age(build.age_s),
            words.number(build.files),
            words.number(build.chunks),
            words.size(build.bytes),
        )
        for build in builds
    ]
    session.screen.table(HEADERS, rows)
