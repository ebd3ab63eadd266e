"""One place that settings come from, checked for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from pampax.runtime.configuration.catalog import by_name
from pampax.runtime.configuration.names import SERVICE_NAMES, advice_for_unknown, nearest
from pampax.runtime.settings import Settings

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Raw values, nested as `Settings` is, and where each of them was written.

    `places` tells that for a person by the setting's name: a file and line, a variable, a flag. `mistakes` are those
    found on reading, advice by subject; what is wrong with the values is found by `check`.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)
    subject: Callable[[str], str] = str  # how a mistake names a setting

    def check(self) -> dict[str, str]:
        """All mistakes of this source, advice by subject; empty when it holds."""
        found = dict(self.mistakes)
        try:
            Settings.model_validate(self.values)
        except ValidationError as error:
            for mistake in error.errors(include_url=False, include_context=False, include_input=False):
                name = ".".join(str(part) for part in mistake["loc"][:2])
                found.setdefault(self.subject(name), _advice(name, mistake["type"]))
        return found


def nested(values: Mapping[Path, Any]) -> dict[str, Any]:
    """`{("log", "level"): "debug"}` as `{"log": {"level": "debug"}}`."""
    found: dict[str, Any] = {}
    for path, value in values.items():
        inner = found
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
        inner[path[-1]] = value
    return found


def _advice(name: str, kind: str) -> str:
    known = by_name()
    if kind == "extra_forbidden":
        return advice_for_unknown(_meant(name))
    if name in known:
        return f"is not right; it should be {known[name].allowed}"
    return f"is a section; write [{name}] and its settings below"


def _meant(name: str) -> str | None:
    """Within its section if that is one, else the same setting in another."""
    section, dot, leaf = name.rpartition(".")
    if not dot:
        near = nearest(name, SERVICE_NAMES)
        if near is not None:
            return near if near in by_name() else f"[{near}]"
    settings = by_name().values()
    near = nearest(name, [setting.name for setting in settings if setting.section == section])
    leaves = {setting.path[-1]: setting.name for setting in settings}
    elsewhere = nearest(leaf, leaves)
    return near or (leaves[elsewhere] if elsewhere else None)
