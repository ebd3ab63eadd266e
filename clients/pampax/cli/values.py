"""Kinds of values that options take."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

import click
from click.core import ParameterSource

__all__ = ["TEXT", "NearestChoice", "choice", "one_text", "typed", "wanted"]


class _Text(click.ParamType[str]):
    """Text that can be sent: the bytes of an argument need not be UTF-8."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("is not valid UTF-8; check the terminal's encoding", param, ctx)
        return text


class NearestChoice(click.Choice[str]):
    """A choice that answers a wrong word with the one that was probably meant."""

    name = "nearest choice"

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's
        near = difflib.get_close_matches(str(value).lower(), self.choices, n=1)
        advice = f"; did you mean {near[0]}?" if near else ""
        return f"{value!r} is not one of {', '.join(self.choices)}{advice}"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's
        """Short: the help lists the words."""
        return "NAME"


TEXT = _Text()


def choice(words: object) -> click.Choice[str]:
    """The words of a Literal."""
    return click.Choice(get_args(words))


def typed(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - of any option
    """Those of the options that were given and not filled in: the others are left to whoever answers."""
    ctx = click.get_current_context()
    return {
        name: value for name, value in options.items() if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def one_text(words: Sequence[str], what: str, advice: str) -> str:
    """The words of a command line as one text, so that quotes are optional. Refuses an empty one."""
    text = " ".join(words).strip()
    if not text:
        raise click.UsageError(f"the {what} is empty; {advice}", click.get_current_context())
    return text


def wanted(with_kinds: Sequence[str], without_kinds: Sequence[str]) -> dict[str, Any]:
    """Fields of a request for the kinds of files that were named. UsageError for one that is named both ways."""
    both = sorted(set(with_kinds) & set(without_kinds))
    if both:
        raise click.UsageError(f"{both[0]} can be wanted or not, not both", click.get_current_context())
    return {**dict.fromkeys(with_kinds, "with"), **dict.fromkeys(without_kinds, "without")}
