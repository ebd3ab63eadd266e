"""A pack as it is given, and as it is shown to a caller."""

from __future__ import annotations

from dataclasses import dataclass

from pampax.storage.packs import Pack


@dataclass(frozen=True, slots=True)
class NewPack:
    """Names have no prefix; "" and 0 stand for nothing given."""

    name: str
    shared: bool
    description: str
    repositories: tuple[str, ...]
    ref: str
    languages: tuple[str, ...]
    path_globs: tuple[str, ...]
    kinds: tuple[str, ...]
    mode: str
    result_limit: int
    token_budget: int
    policy: str = ""
    tests: str = ""
    docs: str = ""
    config: str = ""


@dataclass(frozen=True, slots=True)
class ShownPack:
    """`pack` without the repositories that the caller may not read, and how many these are."""

    pack: Pack
    hidden_repositories: int
