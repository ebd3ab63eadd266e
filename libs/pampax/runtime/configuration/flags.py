"""Flags of every process: `--config FILE`, and `--SECTION.NAME VALUE` for each setting."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pampax.runtime.configuration.catalog import Setting, by_name, catalog, toml_value
from pampax.runtime.configuration.names import FILE_NAME, nearest
from pampax.runtime.configuration.source import Source, nested

CONFIG_FLAG = "--config"
FLAGS_USAGE = "[--config FILE] [--SECTION.NAME VALUE ...]"
_EPILOG = f"""Settings come from {FILE_NAME}, then PAMPAX_ variables (--log.level is PAMPAX_LOG__LEVEL), then flags.
Others on this machine may see the flags of a process: secrets are safer in the file or the environment."""


class _NoValue:
    """Stands for the value of a flag that came without one."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What a command line says. `words` are those that belong to no flag."""

    config: str | None = None
    words: tuple[str, ...] = ()
    source: Source = field(default_factory=Source)


def read_flags(arguments: Sequence[str], program: str, description: str = "", usage: str = "") -> Flags:
    """Mistakes are kept in the source; `--help` prints and ends the process. `usage` names the words it takes."""
    parser = argparse.ArgumentParser(
        prog=program,
        usage=" ".join(part for part in ("%(prog)s", usage, FLAGS_USAGE) if part),
        description=description or None,
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_flags(parser)
    known, rest = parser.parse_known_args(arguments)
    return flags_of(known, rest, takes_words=bool(usage))


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Gives a parser the flags of all settings. It must have been made with `allow_abbrev=False`."""
    file = parser.add_argument_group("file")
    file.add_argument(
        CONFIG_FLAG, dest=CONFIG_FLAG, metavar="FILE", nargs="?", const=_NoValue, default=argparse.SUPPRESS,
        help=f"the file with settings (default: PAMPAX_CONFIG, else {FILE_NAME} in the working directory)",
    )  # fmt: skip
    groups: dict[str, argparse._ArgumentGroup] = {}
    for setting in catalog():
        title = setting.section or "general"
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        groups[title].add_argument(
            setting.flag, dest=setting.flag, metavar="VALUE", nargs="?", const=_NoValue, default=argparse.SUPPRESS,
            help=_help(setting),
        )  # fmt: skip


def flags_of(known: argparse.Namespace, rest: Sequence[str], *, takes_words: bool = False) -> Flags:
    """What a parser with `add_flags` has found, and what was left over."""
    given: Mapping[str, Any] = vars(known)
    mistakes, words = _left_over(rest)
    if not takes_words:
        mistakes |= dict.fromkeys(words, "is not expected here; settings are given as --SECTION.NAME VALUE")
    mistakes |= {name: "needs a value after it" for name, value in given.items() if value is _NoValue}
    values = {
        setting.path: given[setting.flag] for setting in catalog() if given.get(setting.flag) not in (None, _NoValue)
    }
    config = given.get(CONFIG_FLAG)
    places = {".".join(path): f"--{'.'.join(path)}" for path in values}
    source = Source(nested(values), places, mistakes, lambda name: f"--{name}")
    return Flags(config if isinstance(config, str) else None, tuple(words), source)


def _left_over(rest: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Unknown flags with advice, and words. What stands right after an unknown flag is taken for its value."""
    mistakes: dict[str, str] = {}
    words: list[str] = []
    is_value = False
    for argument in rest:
        if argument.startswith("-") and argument != "-":
            flag, equals, _ = argument.partition("=")
            near = nearest(flag, [CONFIG_FLAG, *(setting.flag for setting in by_name().values())])
            mistakes[flag] = f"is not a flag; did you mean {near}?" if near else "is not a flag; --help lists them"
            is_value = not equals
        elif is_value:
            is_value = False
        else:
            words.append(argument)
    return mistakes, words


def _help(setting: Setting) -> str:
    default = "" if setting.default == "" else f" (default: {toml_value(setting.default)})"
    return f"{setting.meaning}; {setting.allowed}{default}".replace("%", "%%")
