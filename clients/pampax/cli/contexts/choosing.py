"""Which pack a search or a bundle works under: the one that was named, or the folder's default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from pampax.cli.contexts.defaults import Default, defaults_here, in_force
from pampax.cli.session import Session
from pampax.cli.values import TEXT
from pampax.core.errors import PampaxError

Command = TypeVar("Command", bound=Callable[..., Any])
# Refusals that nobody understands who does not think of the pack.
_ABOUT_PACKS = frozenset({"PACK_NOT_FOUND", "PACK_EMPTY", "OUTSIDE_PACK", "REF_NOT_FOUND"})


def context_options(command: Command) -> Command:
    """Gives a command `pack` (or None) and `no_context`."""
    without = click.option("--no-context", is_flag=True, help="Leave the folder's default pack out.")
    named = click.option(
        "--context", "-c", "pack", type=TEXT, metavar="NAME", help="Narrow by this pack: see `pampax context`."
    )
    return named(without(command))


@dataclass(frozen=True, slots=True)
class ChosenPack:
    """`default` is what chose it, when nobody named it."""

    pack: str | None
    default: Default | None = None

    def tell(self, session: Session) -> None:
        if self.default is not None:
            session.hint(f"under {self._said}")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Who has not named a pack is told of it where it is the reason of a refusal."""
        try:
            yield
        except PampaxError as error:
            if self.default is not None and error.reason in _ABOUT_PACKS:
                error.message += f" (under {self._said})"
            raise

    @property
    def _said(self) -> str:
        assert self.default is not None
        return (
            f"context pack {self.pack!r}, the default in {self.default.folder}; --no-context leaves it out once, "
            "`pampax context use --none` for good"
        )


def chosen_pack(session: Session, named: str | None, *, no_context: bool) -> ChosenPack:
    """UsageError for both at once."""
    if named is not None and no_context:
        raise click.UsageError("--no-context goes without --context", click.get_current_context())
    if named is not None or no_context:
        return ChosenPack(named)
    defaults = defaults_here()
    found = in_force(defaults, Path.cwd(), system_of(session)) if defaults else None
    return ChosenPack(found.pack if found else None, found)


def system_of(session: Session) -> str:
    """What tells systems apart for good: a system here gets another port whenever it starts."""
    target = session.target
    return str(session.data_dir.root) if target.local else target.endpoint
