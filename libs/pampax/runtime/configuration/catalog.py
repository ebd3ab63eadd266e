"""Every setting with all of its names: what messages, `--help`, the commented file and the page are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic.fields import FieldInfo

from pampax.runtime.settings import setting_fields
from pampax.runtime.variables import variable_of

MASK = "********"


@dataclass(frozen=True, slots=True)
class Setting:
    """`allowed` completes "it should be ..."; `default` is None for what is not set."""

    path: tuple[str, ...]
    meaning: str
    allowed: str
    default: object
    secret: bool
    read_by: str

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def section(self) -> str:
        return self.path[0] if len(self.path) > 1 else ""

    @property
    def variable(self) -> str:
        return variable_of(self.path)

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    def masked(self, value: object) -> object:
        """The value, or of a secret only that there is one."""
        return MASK if self.secret and value != "" else value

    def shown(self, value: object) -> str:
        """The value as TOML, a secret masked."""
        return toml_value(self.masked(value))


@cache
def catalog() -> tuple[Setting, ...]:
    """In the order of the model: sections stay together."""
    return tuple(_setting(path, field) for path, field in setting_fields())


@cache
def by_name() -> dict[str, Setting]:
    return {setting.name: setting for setting in catalog()}


def toml_value(value: object) -> str:
    """A value of a setting as it stands in the file."""
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)  # text, numbers and truth are written alike in JSON and TOML


def _setting(path: tuple[str, ...], field: FieldInfo) -> Setting:
    extra = field.json_schema_extra
    read_by = extra.get("read_by") if isinstance(extra, dict) else None
    return Setting(
        path=path,
        meaning=field.title or "",
        allowed=field.description or "",
        default=field.default,
        secret=not field.repr,
        read_by=str(read_by or ""),
    )
