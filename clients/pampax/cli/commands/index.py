"""pampax index"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from pampax.cli import words
from pampax.cli.git_credential import Given, credential_options
from pampax.cli.group import OptionsCommand
from pampax.cli.refreshing import Interval
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.cli.indexing.newborn import Newborn
    from pampax.cli.indexing.progress import Reporter
    from pampax.cli.indexing.source import Wanted
    from pampax.client.client import Client
    from pampax.client.repository import IndexResult, NewCredential, Operation, ScipTaken
    from pampax.client.scip import Recorded

EPILOG = """\b
Examples:
  pampax index .
  pampax index ~/src/shop --name shop --exclude 'testdata/'
  pampax index https://git.example.com/team/shop.git --ref main
  pampax index https://git.example.com/team/shop.git --token-env GIT_TOKEN
  pampax index git@git.example.com:team/shop.git --ssh-key ~/.ssh/shop_read
  pampax index https://git.example.com/team/shop.git --refresh 15min
  pampax index ~/src/shop --plan            what would be indexed and skipped, and why
  pampax index . --retry-quarantined        try files again that broke a parser
  pampax index . --scip index.scip          and link names as a compiler's front end does
  pampax index --scip index.scip --name shop    for what is indexed already
  pampax index . --json | jq -c 'select(.event == "done")'
"""
# The largest repository takes minutes; who waits longer than that is better told.
FOLLOW_S = 6 * 3_600.0
SHOWN_PROBLEMS = 5
# Exit code of a run that has published, with files left out because something failed.
INCOMPLETE = 8


@click.command("index", cls=OptionsCommand, short_help="Index a folder or a git repository", epilog=EPILOG)
@click.argument("source", metavar="PATH|GIT_URL", default="")
@click.option("--name", type=TEXT, metavar="NAME", help="Name of the repository; the folder's or URL's if absent.")
@click.option("--ref", type=TEXT, default="", metavar="REF", help="Branch or tag of a git URL; the default if absent.")
@click.option("--full", is_flag=True, help="Derive everything anew.")
@click.option("--include", multiple=True, type=TEXT, metavar="GLOB", help="Only these, gitignore-style; repeatable.")
@click.option("--exclude", multiple=True, type=TEXT, metavar="GLOB", help="Not these, gitignore-style; repeatable.")
@click.option(
    "--refresh", type=Interval(), metavar="DURATION",
    help="Look at the source again every so often: 15min, 2h, 1d; none: no more. Not for what is uploaded.",
)  # fmt: skip
@click.option(
    "--scip", type=click.Path(path_type=Path), metavar="FILE",
    help="A SCIP index of the same commit: its links replace inferred ones of the code graph.",
)  # fmt: skip
@click.option("--plan", is_flag=True, help="Only tell what would be indexed and skipped, and write nothing.")
@click.option("--retry-quarantined", is_flag=True, help="Try files again that broke a parser before.")
@click.option("--bulk", is_flag=True, help="Let others go first while it waits for a worker.")
@click.option("--no-wait", is_flag=True, help="Return as soon as it is under way.")
@click.option("--upload/--no-upload", default=None, help="Send a folder's files, or have the system here read it.")
@credential_options
@with_session
def command(
    session: Session,
    source: str,
    name: str | None,
    ref: str,
    full: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    retry_quarantined: bool,
    bulk: bool,
    refresh: float | None,
    scip: Path | None,
    plan: bool,
    no_wait: bool,
    upload: bool | None,
    token_env: str | None,
    token_user: str | None,
    ssh_key: str | None,
    known_hosts: str | None,
) -> None:
    """Index a folder or a git repository, or bring its index up to date.

    A folder is read in place by a system that runs here, and uploaded to any other: only what it lacks travels.
    Uncommitted changes are included, ignored files are not. In a pipe, progress is a line of JSON per step.
    A token or key is stored encrypted and serves every later run; `pampax repos credential` changes and removes it.

    A file that breaks its parser is indexed as plain lines and named; one that cannot be read, or not even cut into
    lines, is left out and named, and the exit code is then 8: the rest is indexed.

    A SCIP index is read before anything else and sent after the run. With --name alone nothing is indexed: it is taken
    for what is published.
    """
    from pampax.cli.indexing.newborn import Newborn
    from pampax.cli.indexing.progress import plan_progress_of, progress_of

    started = time.monotonic()
    recorded = _recorded(scip, plan=plan, no_wait=no_wait)
    if recorded is not None and name and not source:
        _send_recorded(session, name, ref, recorded)
        return
    wanted = _wanted(source, name, include, exclude, upload)
    credential = _credential(wanted, Given(token_env, token_user, ssh_key, known_hosts))
    local = session.target.local
    if plan:
        from pampax.cli.indexing.plan import plan_for
        from pampax.cli.plan_page import show_plan

        with session.client() as client, plan_progress_of(session) as report:
            found = plan_for(client, wanted, ref, report, full=full, local=local, credential=credential)
        show_plan(session, wanted.name, found)
        return
    with session.client() as client, progress_of(session) as report, Newborn(client) as newborn:
        how = How(full=full, retry_quarantined=retry_quarantined, priority="bulk" if bulk else "")
        operation = _begin(client, wanted, ref, how, local, report, newborn, credential)
        if refresh is not None:
            client.set_refresh(operation.repository, int(refresh))
        if not no_wait:
            operation = _followed(session, client, operation, report)
    if no_wait:
        _tell_started(session, operation)
    elif operation.result is not None:
        _tell_done(session, operation, operation.result, time.monotonic() - started)
        if recorded is not None:
            _send_recorded(session, operation.repository, operation.result.status.ref, recorded)
        if operation.result.missing_count:
            click.get_current_context().exit(INCOMPLETE)


def _recorded(scip: Path | None, *, plan: bool, no_wait: bool) -> Recorded | None:
    """What the SCIP index says, when one is given: a wrong file is told of before anything is indexed."""
    if scip is None:
        return None
    if plan or no_wait:
        other = "--plan" if plan else "--no-wait"
        raise click.UsageError(f"--scip and {other} exclude each other", click.get_current_context())
    from pampax.client.scip import read_scip

    return read_scip(scip.expanduser())


def _wanted(
    source: str, name: str | None, include: tuple[str, ...], exclude: tuple[str, ...], upload: bool | None
) -> Wanted:
    from pampax.cli.indexing.source import Wanted
    from pampax.client.repository_names import name_of_folder, name_of_url
    from pampax.sources.git import is_git_url

    if is_git_url(source):
        if upload is not None:
            raise click.UsageError("--upload and --no-upload are for folders", click.get_current_context())
        return Wanted(name or name_of_url(source), source, None, include, exclude, None)
    if not source:
        raise click.UsageError(
            "the path is empty: give a folder or a git URL, or --scip with --name", click.get_current_context()
        )
    from pampax.cli.indexing.folder import refuse_bare, require_files

    folder = Path(source).expanduser().absolute()
    refuse_bare(folder)
    require_files(folder, include, exclude)
    folder = folder.resolve()
    return Wanted(name or name_of_folder(folder), "", folder, include, exclude, upload)


def _credential(wanted: Wanted, given: Given) -> NewCredential | None:
    if given and wanted.folder is not None:
        raise click.UsageError("tokens and keys are for git URLs, not for folders", click.get_current_context())
    return given.read(wanted.git_url)


class How(TypedDict):
    """What is asked of a run, but for its ref."""

    full: bool
    retry_quarantined: bool
    priority: str


def _begin(
    client: Client,
    wanted: Wanted,
    ref: str,
    how: How,
    local: bool,
    report: Reporter,
    newborn: Newborn,
    credential: NewCredential | None,
) -> Operation:
    """The operation that indexes what is wanted.

    What is to be uploaded is looked at first: a folder without files makes no repository.
    """
    from pampax.cli.indexing.source import create, find

    found = find(client, wanted, local=local)
    uploads = found.source.upload if found else wanted.source(local=local).upload
    if not uploads or wanted.folder is None:
        if found is not None and credential is not None:
            client.set_credential(found.name, credential)
        repository = found or create(client, wanted, newborn, local=local, credential=credential)
        return client.index(repository.name, ref=ref, **how)
    from pampax.cli.indexing.folder import scan, send

    include, exclude = (found.include, found.exclude) if found else (wanted.include, wanted.exclude)
    try:
        manifest = scan(wanted.folder, include, exclude, ref, report)
        repository = found or create(client, wanted, newborn, local=local)
        upload = send(client, repository.name, wanted.folder, manifest, report)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("the upload was stopped; nothing has changed on the server") from interrupt
    return client.index(repository.name, upload=upload, **how)


def _followed(session: Session, client: Client, operation: Operation, report: Reporter) -> Operation:
    from pampax.client.following import follow

    def tell(now: Operation) -> None:
        progress = now.progress
        report(now.stage, progress.done, progress.total, progress.rate, progress.remaining_s)

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
    _tell_problems(session, result)
    screen.line("Next:")
    for text in (f'search "QUESTION" -r {operation.repository}', f'assemble "TASK" -r {operation.repository}'):
        screen.line(("  " + session.command(text), "cyan"))


def _tell_problems(session: Session, result: IndexResult) -> None:
    if result.missing_count:
        session.screen.line(
            (
                f"  incomplete: {words.counted(result.missing_count, 'file')} left out because something failed",
                "bold red",
            )
        )
    for problem in result.errors[:SHOWN_PROBLEMS]:
        by_lines = problem.by_lines or not result.missing_count  # an older gateway counts none
        what, style = ("as plain lines", "yellow") if by_lines else ("left out", "red")
        session.screen.line((f"  {what} ({problem.reason}): ", style), problem.path)
    more = max(result.error_count, len(result.errors)) - SHOWN_PROBLEMS
    if more > 0:
        session.screen.line((f"  and {more} more", "yellow"))


def _send_recorded(session: Session, repository: str, ref: str, recorded: Recorded) -> None:
    with session.client() as client:
        taken = client.send_scip(repository, recorded, ref=ref)
    if not session.screen.decorated:
        session.screen.event({"event": "scip", "repository": repository, **taken.model_dump()})
    elif not session.quiet:
        _tell_taken(session, taken)


def _tell_taken(session: Session, taken: ScipTaken) -> None:
    screen = session.screen
    linked, files = words.counted(taken.references, "use"), words.counted(taken.files, "file")
    screen.line(("SCIP: ", "bold green"), f"{linked} linked precisely in {files}")
    for count, why in ((taken.misfit_files, "other text than in the index"), (taken.unknown_files, "not indexed")):
        if count:
            screen.line((f"  left out: {words.counted(count, 'file')}, {why}", "yellow"))
    for path in taken.left_out[:SHOWN_PROBLEMS]:
        screen.line("    ", path)


def _document(operation: Operation, result: IndexResult, seconds: float) -> dict[str, Any]:
    status = result.status
    return {
        "event": "done",
        "state": operation.state,
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
        "error_count": result.error_count,
        "missing_count": result.missing_count,
        "seconds": round(seconds, 3),
    }
