"""Packs as TOML files, which a team keeps beside its code: what is written is read back as the same pack."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pampax.cli.contexts.toml_text import listed, quoted
from pampax.client.context import NewPack, Pack, PackDefaults, PackScope
from pampax.core.errors import ConfigError
from pampax.runtime.configuration.names import nearest

STDIN = "-"
_SECTIONS: dict[str, type[BaseModel]] = {"scope": PackScope, "defaults": PackDefaults}


def read_pack(name: str) -> NewPack:
    """Of a file, or of standard input for `-`. ConfigError names every mistake of form; the gateway checks values."""
    where = "standard input" if name == STDIN else name
    try:
        text = sys.stdin.read() if name == STDIN else Path(name).read_text("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where} is not in UTF-8, as TOML is: save it so") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is no TOML: {error}") from error
    try:
        return NewPack.model_validate(document)
    except ValidationError as error:
        mistakes = [_mistake(each["loc"], each["type"], each["msg"]) for each in error.errors()]
        raise ConfigError(f"{where} is no context pack: {'; '.join(mistakes)}") from error


def new_of(pack: Pack) -> NewPack:
    """What saving it again takes."""
    head = {"description": pack.description, "visibility": pack.visibility}
    sections = {
        name: getattr(pack, name).model_dump(include=set(model.model_fields)) for name, model in _SECTIONS.items()
    }
    return NewPack.model_validate({**head, **sections})


def pack_text(pack: NewPack) -> str:
    """The file; what is empty is left out."""
    head = [f"description = {quoted(pack.description)}"] if pack.description else []
    lines = [*head, f"visibility = {quoted(pack.visibility)}"]
    for name in _SECTIONS:
        section = [f"{key} = {_value(value)}" for key, value in getattr(pack, name).model_dump().items() if value]
        if section:
            lines += ["", f"[{name}]", *section]
    return "\n".join(lines) + "\n"


def _value(value: str | int | tuple[str, ...]) -> str:
    if isinstance(value, int):
        return str(value)
    return quoted(value) if isinstance(value, str) else listed(value)


def _mistake(location: tuple[int | str, ...], kind: str, said: str) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    if kind == "extra_forbidden":
        near = nearest(str(location[-1]), _known(location[:-1]))
        return f"{name} is not a key of a pack; " + (f"did you mean {near}?" if near else "remove it")
    told = said.replace("Input should be", "must be").replace("a valid tuple", "a list")
    return f"{name} {told[:1].lower()}{told[1:]}"


def _known(section: tuple[Any, ...]) -> list[str]:
    model = _SECTIONS[section[0]] if section else NewPack
    return list(model.model_fields)
