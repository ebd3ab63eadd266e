"""pampax index"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pampax.cli import words
from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.cli.indexing.newborn import Newborn
    from pampax.cli.indexing.progress import Reporter
    from pampax.cli.indexing.source import Wanted
    from pampax.client.client import Client
    from pampax.client.repository import IndexResult, Operation

EPILOG = """\b
Examples:
  pampax index .
  pampax index ~/src/shop --name shop --exclude 'testdata/'
  pampax index https://git.example.com/team/shop.git --ref main
  pampax index . --json | jq -c 'select(.event == "done")'
"""
# The largest repository takes minutes; who waits longer than that is better told.
FOLLOW_S = 6 * 3_600.0
SHOWN_PROBLEMS = 5


@click.command("index", cls=OptionsCommand, short_help="Index a folder or a git repository", epilog=EPILOG)
@click.argument("source", metavar="PATH|GIT_URL")
@click.option("--name", type=TEXT, metavar="NAME", help="Name of the repository; the folder's or URL's if absent.")
@click.option("--ref", type=TEXT, default="", metavar="REF", help="Branch or tag of a git URL; the default if absent.")
@click.option("--full", is_flag=True, help="Derive everything anew.")
@click.option("--include", multiple=True, type=TEXT, metavar="GLOB", help="Only these, gitignore-style; repeatable.")
@click.option("--exclude", multiple=True, type=TEXT, metavar="GLOB", help="Not these, gitignore-style; repeatable.")
@click.option("--no-wait", is_flag=True, help="Return as soon as it is under way.")
@click.option("--upload/--no-upload", default=None, help="Send a folder's files, or have the system here read it.")
@with_session
def command(
    session: Session,
    source: str,
    name: str | None,
    ref: str,
    full: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    no_wait: bool,
    upload: bool | None,
) -> None:
    """Index a folder or a git repository, or bring its index up to date.

    A folder is read in place by a system that runs here, and uploaded to any other: only what it lacks travels.
    Uncommitted changes are included, ignored files are not. In a pipe, progress is a line of JSON per step.
    """
    from pampax.cli.indexing.newborn import Newborn
    from pampax.cli.indexing.progress import progress_of

    started = time.monotonic()
    wanted = _wanted(source, name, include, exclude, upload)
    local = session.target.local
    with session.client() as client, progress_of(session) as report, Newborn(client) as newborn:
        operation = _begin(client, wanted, ref, full, local, report, newborn)
        if not no_wait:
            operation = _followed(session, client, operation, report)
    if no_wait:
        _tell_started(session, operation)
    elif operation.result is not None:
        _tell_done(session, operation, operation.result, time.monotonic() - started)


def _wanted(
    source: str, name: str | None, include: tuple[str, ...], exclude: tuple[str, ...], upload: bool | None
) -> Wanted:
    from pampax.cli.indexing.names import name_of_folder, name_of_url
    from pampax.cli.indexing.source import Wanted
    from pampax.sources.git import is_git_url

    if is_git_url(source):
        if upload is not None:
            raise click.UsageError("--upload and --no-upload are for folders", click.get_current_context())
        return Wanted(name or name_of_url(source), source, None, include, exclude, None)
    if not source:
        raise click.UsageError("the path is empty", click.get_current_context())
    from pampax.cli.indexing.folder import refuse_bare, require_files

    folder = Path(source).expanduser().absolute()
    refuse_bare(folder)
    require_files(folder, include, exclude)
    folder = folder.resolve()
    return Wanted(name or name_of_folder(folder), "", folder, include, exclude, upload)


def _begin(
    client: Client, wanted: Wanted, ref: str, full: bool, local: bool, report: Reporter, newborn: Newborn
) -> Operation:
    """The operation that indexes what is wanted.

    What is to be uploaded is looked at first: a folder without files makes no repository.
    """
    from pampax.cli.indexing.source import create, find

    found = find(client, wanted, local=local)
    uploads = found.source.upload if found else wanted.source(local=local).upload
    if not uploads or wanted.folder is None:
        repository = found or create(client, wanted, newborn, local=local)
        return client.index(repository.name, ref=ref, full=full)
    from pampax.cli.indexing.folder import scan, send

    include, exclude = (found.include, found.exclude) if found else (wanted.include, wanted.exclude)
    try:
        manifest = scan(wanted.folder, include, exclude, ref, report)
        repository = found or create(client, wanted, newborn, local=local)
        upload = send(client, repository.name, wanted.folder, manifest, report)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("the upload was stopped; nothing has changed on the server") from interrupt
    return client.index(repository.name, full=full, upload=upload)


def _followed(session: Session, client: Client, operation: Operation, report: Reporter) -> Operation:
    from pampax.client.following import follow

    def tell(now: Operation) -> None:
        report(now.stage, now.progress.done, now.progress.total)

    try:
        return follow(client, operation, tell, timeout_s=FOLLOW_S)
    except KeyboardInterrupt as interrupt:
        look = session.command(f"status {operation.repository}")
        raise KeyboardInterrupt(f"indexing goes on; `{look}` shows how far it is") from interrupt


def _tell_started(session: Session, operation: Operation) -> None:
    if session.json or not session.screen.decorated:
        session.screen.event({"event": "started", "repository": operation.repository, "operation": operation.id})
    elif not session.quiet:
        session.screen.line(f"indexing {operation.repository} is under way (operation {operation.id})")
        session.screen.line(("  " + session.command(f"status {operation.repository}"), "cyan"))


def _tell_done(session: Session, operation: Operation, result: IndexResult, seconds: float) -> None:
    status = result.status
    if not session.screen.decorated:
        session.screen.event(_document(operation, result, seconds))
        return
    if session.quiet:
        return
    screen = session.screen
    commit = f" {words.commit(status.commit, dirty=status.dirty)}" if status.commit else ""
    screen.line((operation.repository, "bold green"), f"@{status.ref}{commit}, generation {status.generation}")
    screen.line(
        f"  {words.counted(status.files, 'file')}, {words.counted(status.chunks, 'chunk')}, "
        f"{words.counted(result.new_blobs, 'new file')} in {seconds:.1f} s"
    )
    if not result.changed:
        screen.line("  nothing has changed since the last time")
    if status.skipped:
        screen.line(("  skipped: ", "dim"), words.skipped(status.skipped))
    for problem in result.errors[:SHOWN_PROBLEMS]:
        screen.line((f"  as plain lines ({problem.reason}): ", "yellow"), problem.path)
    if len(result.errors) > SHOWN_PROBLEMS:
        screen.line((f"  and {len(result.errors) - SHOWN_PROBLEMS} more", "yellow"))
    screen.line("Next:")
    for text in (f'search "QUESTION" -r {operation.repository}', f'assemble "TASK" -r {operation.repository}'):
        screen.line(("  " + session.command(text), "cyan"))


def _document(operation: Operation, result: IndexResult, seconds: float) -> dict[str, Any]:
    status = result.status
    return {
        "event": "done",
        "repository": operation.repository,
        "operation": operation.id,
        "ref": status.ref,
        "commit": status.commit,
        "dirty": status.dirty,
        "generation": status.generation,
        "build": status.build,
        "files": status.files,
        "chunks": status.chunks,
        "new_blobs": result.new_blobs,
        "changed": result.changed,
        "skipped": status.skipped,
        "errors": [problem.document() for problem in result.errors],
        "seconds": round(seconds, 3),
    }
