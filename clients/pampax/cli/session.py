"""What every command works with: the options of all, the output, the system here and the client."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from functools import cached_property, update_wrapper
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from pampax.cli.config_file import read_config
from pampax.cli.endpoint import LocalSystem, Target, find_target
from pampax.cli.given import Given
from pampax.cli.screen import Screen, note
from pampax.core.errors import (
    ConfigError,
    DeadlineExceeded,
    LocalIOError,
    PampaxError,
    ResourceExhausted,
    Unavailable,
)
from pampax.runtime.configuration.names import FILE_NAME

if TYPE_CHECKING:
    from pampax.client.client import Client
    from pampax.client.transport import Exchange
    from pampax.embedded.layout import DataDir

Result = TypeVar("Result")

FULL_BELOW_BYTES = 32 * 1024 * 1024  # a segment of the write-ahead log takes 16 MB, and one more is made ahead


class Session:
    """One run of the command."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.json = given.json
        self.quiet = given.quiet
        self.verbose = given.verbose
        self.screen = Screen(decorated=not given.json and sys.stdout.isatty())

    @cached_property
    def data_dir(self) -> DataDir:
        embedded = _embedded()
        named = self.given.data_dir or os.environ.get("PAMPAX_DATA_DIR")
        found: DataDir = embedded.DataDir(Path(named)) if named else embedded.default_data_dir()
        return found

    @cached_property
    def target(self) -> Target:
        found = find_target(self.given, os.environ, read_config(Path.cwd()), self._local_system)
        if found.from_file:
            self.hint(f"asking {found.endpoint}, which {FILE_NAME} in this folder names")
        return found

    def client(self) -> Client:
        """A client of the target; to be used as a context manager."""
        # httpx works without its own command line, whose imports take a sixth of the time of a short command.
        sys.modules.setdefault("httpx._main", cast("ModuleType", None))
        from pampax.client.client import Client

        return Client(self.target.endpoint, self.target.token, self._on_exchange)

    def explained(self, error: PampaxError) -> PampaxError:
        """A local system that has no disk left cannot say so itself: its database waits or restarts."""
        if "target" not in self.__dict__ or not self.target.local:
            return error
        free = shutil.disk_usage(self.data_dir.root).free
        if free >= FULL_BELOW_BYTES:
            return error
        return ResourceExhausted(
            f"the disk that holds {self.data_dir.root} is full ({free >> 20} MB left): free some space and try again;"
            " what was indexed before is not lost",
            reason="DISK_FULL",
        )

    def hint(self, text: str) -> None:
        """Advice that is not part of the result."""
        if not self.quiet and not self.json:
            note(text)

    def command(self, text: str) -> str:
        """A command to type next, naming the same system as this one did."""
        options = "".join(
            f" {name} {_quoted(value)}"
            for name, value in (("--data-dir", self.given.data_dir), ("--endpoint", self.given.endpoint))
            if value is not None
        )
        return f"pampax {text}{options}"

    def _on_exchange(self, exchange: Exchange) -> None:
        if self.verbose:
            note(
                f"{exchange.method} {exchange.path}: {exchange.outcome} in {exchange.took_ms:.0f} ms,"
                f" request {exchange.request_id}"
            )

    def _local_system(self) -> LocalSystem | None:
        """The system of our data directory while it lives: of a dead one another program may have the port by now."""
        try:
            from pampax.embedded.state import SystemPhase, verified_state
        except ModuleNotFoundError:  # an installation without the servers
            return None
        try:
            state = verified_state(self.data_dir)
        except OSError as error:
            path = error.filename or self.data_dir.root
            raise LocalIOError(
                f"cannot read {path}: {error.strerror}; is it another user's? Give --endpoint"
            ) from error
        if state is None or state.state is SystemPhase.STOPPED:
            return None
        return LocalSystem(state.endpoint, state.token)


def with_session(function: Callable[..., Result]) -> Callable[..., Result]:
    """Gives a command its Session as first argument."""

    @click.pass_context
    def called(ctx: click.Context, /, *arguments: Any, **named: Any) -> Result:  # noqa: ANN401 - the command's own
        given = ctx.find_object(Given)
        assert given is not None
        session = Session(given)
        try:
            return function(session, *arguments, **named)
        except (DeadlineExceeded, ResourceExhausted, Unavailable) as error:
            raise session.explained(error) from error

    return update_wrapper(called, function)


def _embedded() -> Any:  # noqa: ANN401 - a module
    try:
        from pampax.embedded import layout
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"this installation has no servers ({error.name} is missing): pip install 'pampax[embedded]'"
        ) from error
    return layout


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
