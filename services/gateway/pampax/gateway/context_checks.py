"""Checks of requests over context packs, as in `checks`."""

from __future__ import annotations

from pampax.gateway import bounds, rules
from pampax.gateway.checks import Mistakes, context_name, known, note_filters, note_scope, note_wanted
from pampax.v1.context_service_pb2 import ContextPack, PackVisibility
from pampax.v1.search_service_pb2 import SearchMode

_SCOPE = "pack.scope."


def check_pack(pack: ContextPack) -> None:
    mistakes = Mistakes()
    mistakes.note("pack.name", context_name(pack.name))
    mistakes.note("pack.description", rules.description(pack.description))
    mistakes.note("pack.visibility", known(PackVisibility, pack.visibility))
    note_scope(mistakes, pack.scope.repositories, pack.scope.ref, _SCOPE)
    note_filters(mistakes, pack.scope, _SCOPE)
    mistakes.note("pack.defaults.mode", known(SearchMode, pack.defaults.mode))
    if pack.defaults.limit:
        mistakes.note("pack.defaults.limit", rules.number(pack.defaults.limit, bounds.SEARCH_LIMIT))
    if pack.defaults.token_budget:
        mistakes.note("pack.defaults.token_budget", rules.number(pack.defaults.token_budget, bounds.TOKEN_BUDGET))
    note_wanted(mistakes, pack.defaults, "pack.defaults.")
    mistakes.refuse()


def check_pack_name(name: str) -> None:
    mistakes = Mistakes()
    mistakes.note("name", context_name(name))
    mistakes.refuse()
