"""Packs for a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from pampax.cli import words
from pampax.cli.screen import Screen
from pampax.client.context import Pack

HEADERS = ("NAME", "VISIBILITY", "OWNER", "SCOPE", "SAVED", "DESCRIPTION")


def show_packs(screen: Screen, packs: Sequence[Pack], default: str | None) -> None:
    """A line each; the default here has a star, and a pack that one's own hides is told."""
    seen: set[str] = set()
    rows = []
    for pack in packs:
        star = " *" if pack.name == default and pack.name not in seen else ""
        hidden = " (hidden by yours)" if pack.name in seen else ""
        seen.add(pack.name)
        owner = "you" if pack.mine else pack.owner
        rows.append(
            (pack.name + star, pack.visibility + hidden, owner, scope_words(pack), _ago(pack), pack.description)
        )
    screen.table(HEADERS, rows)


def show_pack(screen: Screen, pack: Pack) -> None:
    owner = "yours" if pack.mine else f"of {pack.owner}"
    screen.line((pack.name, "bold"), f"  {pack.visibility}, {owner}, saved {_ago(pack)} ago")
    if pack.description:
        screen.line(pack.description)
    scope, defaults = pack.scope, pack.defaults
    for title, values in (
        ("repos", scope.repos),
        ("ref", [scope.ref] if scope.ref else []),
        ("languages", scope.languages),
        ("paths", scope.path_globs),
        ("kinds", scope.kinds),
        ("mode", [defaults.mode] if defaults.mode else []),
        ("limit", [str(defaults.limit)] if defaults.limit else []),
        ("budget", [f"{words.number(defaults.token_budget)} tokens"] if defaults.token_budget else []),
        ("policy", [defaults.policy] if defaults.policy else []),
        ("tests", [defaults.tests] if defaults.tests else []),
        ("docs", [defaults.docs] if defaults.docs else []),
        ("config", [defaults.config] if defaults.config else []),
    ):
        _show(screen, title, values)
    if pack.hidden_repos:
        screen.line((_hidden(pack), "yellow"))


def scope_words(pack: Pack) -> str:
    """On one line; a dash for a pack that narrows nothing."""
    scope = pack.scope
    repos = [*scope.repos, *([f"{pack.hidden_repos} hidden"] if pack.hidden_repos else [])]
    groups = (repos, [scope.ref] if scope.ref else [], scope.languages, scope.path_globs, scope.kinds)
    return words.joined([", ".join(group) for group in groups]) or "-"


def _show(screen: Screen, title: str, values: Collection[str]) -> None:
    if values:
        screen.line((f"{title:<10}", "dim"), ", ".join(values))


def _hidden(pack: Pack) -> str:
    hidden = words.counted(pack.hidden_repos, "repository", "repositories")
    return f"{hidden} not shown: gone, or not readable with this key"


def _ago(pack: Pack) -> str:
    return words.age(max(0.0, (datetime.now(UTC) - datetime.fromisoformat(pack.update_time)).total_seconds()))
