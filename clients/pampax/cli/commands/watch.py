"""pampax watch"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.cli.watching.refresh import Refreshed, Refresher
    from pampax.client.client import Client

EPILOG = """\b
Examples:
  pampax watch
  pampax watch ~/src/shop --repo shop --debounce 1
  pampax watch . --json | jq -c 'select(.event == "refreshed") | .generation'
"""
LONGEST_DEBOUNCE_S = 60.0


@click.command("watch", cls=OptionsCommand, short_help="Keep the index of a folder fresh", epilog=EPILOG)
@click.argument("path", metavar="[PATH]", default=".", type=TEXT)
@click.option("--repo", type=TEXT, metavar="NAME", help="Name of the repository; the folder's if absent.")
@click.option("--ref", type=TEXT, default="", metavar="REF", help="Index only while this branch is checked out.")
@click.option(
    "--debounce", type=click.FloatRange(0.0, LONGEST_DEBOUNCE_S), default=0.3, show_default=True, metavar="SECONDS",
    help="How long nothing may have changed before a refresh.",
)  # fmt: skip
@click.option("--include", multiple=True, type=TEXT, metavar="GLOB", help="Only these, gitignore-style; repeatable.")
@click.option("--exclude", multiple=True, type=TEXT, metavar="GLOB", help="Not these, gitignore-style; repeatable.")
@click.option("--upload/--no-upload", default=None, help="Send the files, or have the system here read them.")
@with_session
def command(
    session: Session,
    path: str,
    repo: str | None,
    ref: str,
    debounce: float,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    upload: bool | None,
) -> None:
    """Index a folder, and again whenever something in it changes, until Ctrl-C.

    What is indexed and how is as with `pampax index`; what git or a .pampaxignore ignores is not even watched. Changes
    that come together, those of a branch switch too, are one refresh. While the system does not answer, it is tried
    again, and what has changed meanwhile is caught up with.
    """
    from pampax.cli.indexing.folder import refuse_bare, require_files
    from pampax.cli.indexing.source import Wanted
    from pampax.cli.watching.refresh import Refresher
    from pampax.cli.watching.settling import Settling
    from pampax.cli.watching.telling import Telling
    from pampax.cli.watching.watching import Watching
    from pampax.client.repository_names import name_of_folder
    from pampax.sources.territory import Territory

    folder = Path(path).expanduser().absolute()
    refuse_bare(folder)
    require_files(folder, include, exclude)
    folder = folder.resolve()
    wanted = Wanted(repo or name_of_folder(folder), "", folder, include, exclude, upload)
    telling = Telling(session, str(folder), wanted.name)
    with _Connection(session, Refresher(wanted, folder, ref)) as refresh, _terminated_is_interrupted():
        try:
            Watching(folder, lambda: Territory(folder, include, exclude), refresh, telling, Settling(debounce)).run()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would only cut the last line
            telling.ends()


class _Connection:
    """Refreshes over one client; after a failure over a new one, for a system that was started again may have moved."""

    def __init__(self, session: Session, refresher: Refresher) -> None:
        self._session = session
        self._refresher = refresher
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __call__(self, *, again: bool) -> Refreshed:
        if again:
            self._open.close()
            self._client = None
            self._session = Session(self._session.given)
        if self._client is None:
            self._client = self._open.enter_context(self._session.client())
        return self._refresher.refresh(self._client, local=self._session.target.local)


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """Whoever supervises the command ends it in the same way as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
