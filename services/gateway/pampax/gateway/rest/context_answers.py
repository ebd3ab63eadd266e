"""Context packs as the JSON that REST answers with."""

from __future__ import annotations

from pampax.core.names import plain_context, plain_repository
from pampax.gateway.rest.answers import Json
from pampax.gateway.rest.repository_answers import moment
from pampax.v1.context_service_pb2 import ContextPack, ListContextPacksResponse, PackVisibility
from pampax.v1.search_service_pb2 import SearchMode


def pack_json(pack: ContextPack) -> Json:
    scope, defaults = pack.scope, pack.defaults
    mode = SearchMode.Name(defaults.mode).removeprefix("SEARCH_MODE_").lower() if defaults.mode else None
    return {
        "name": plain_context(pack.name),
        "description": pack.description,
        "visibility": "shared" if pack.visibility == PackVisibility.PACK_VISIBILITY_SHARED else "private",
        "scope": {
            "repos": [plain_repository(name) for name in scope.repositories],
            "ref": scope.ref or None,
            "languages": list(scope.languages),
            "path_globs": list(scope.path_globs),
            "kinds": list(scope.kinds),
        },
        "defaults": {
            "mode": mode,
            "limit": defaults.limit or None,
            "token_budget": defaults.token_budget or None,
            "policy": defaults.policy or None,
            "tests": defaults.tests or None,
            "docs": defaults.docs or None,
            "config": defaults.config or None,
        },
        "owner": pack.owner,
        "mine": pack.mine,
        "hidden_repos": pack.hidden_repositories,
        "create_time": moment(pack.create_time),
        "update_time": moment(pack.update_time),
    }


def pack_page_json(page: ListContextPacksResponse) -> Json:
    return {"contexts": [pack_json(pack) for pack in page.packs], "next_page_token": page.next_page_token}
