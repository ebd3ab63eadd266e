"""Context packs: named scopes that searches and bundles are narrowed by."""

from __future__ import annotations

from pampax.client.model import Answer, Request
from pampax.core.choices import Kind, Mode, Policy, Visibility, Wanted


class PackScope(Request):
    """What requests under the pack are narrowed to; what is empty narrows nothing."""

    repos: tuple[str, ...] = ()
    ref: str | None = None
    languages: tuple[str, ...] = ()
    path_globs: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


class PackDefaults(Request):
    """What holds where a request leaves it open."""

    mode: Mode | None = None
    limit: int | None = None
    token_budget: int | None = None
    policy: Policy | None = None
    tests: Wanted | None = None
    docs: Wanted | None = None
    config: Wanted | None = None


class NewPack(Request):
    """A pack, whole: saving it leaves nothing of the one before."""

    description: str = ""
    visibility: Visibility = "private"
    scope: PackScope = PackScope()
    defaults: PackDefaults = PackDefaults()


class ShownScope(Answer):
    """What a stored pack narrows to."""

    repos: list[str]
    ref: str | None
    languages: list[str]
    path_globs: list[str]
    kinds: list[str]


class ShownDefaults(Answer):
    """What a stored pack fills in."""

    mode: str | None
    limit: int | None
    token_budget: int | None
    policy: str | None = None
    tests: str | None = None
    docs: str | None = None
    config: str | None = None


class Pack(Answer):
    """A stored pack. `hidden_repos` of somebody else's are gone or not readable with this key, and not in the scope."""

    name: str
    description: str
    visibility: str
    scope: ShownScope
    defaults: ShownDefaults
    owner: str
    mine: bool
    hidden_repos: int
    create_time: str
    update_time: str


class PackPage(Answer):
    """Own packs and shared ones, by name."""

    contexts: list[Pack]
    next_page_token: str
