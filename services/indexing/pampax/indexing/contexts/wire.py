"""Protobuf <-> domain, nothing else."""

from __future__ import annotations

from pampax.core.errors import InvalidRequest
from pampax.core.names import (
    CONTEXTS,
    REPOSITORY_RULE,
    context_resource,
    is_repository,
    plain_context,
    plain_repository,
    repository_resource,
)
from pampax.indexing.contexts.model import NewPack, ShownPack
from pampax.v1 import context_service_pb2 as pb
from pampax.v1.search_service_pb2 import SearchMode

_MODE = "SEARCH_MODE_"


def pack_name(resource: str) -> str:
    """`web` of `contexts/web`."""
    name = plain_context(resource)
    if not resource.startswith(CONTEXTS) or not is_repository(name):
        mistake = f"must be {CONTEXTS} and a name of {REPOSITORY_RULE}"
        raise InvalidRequest(f"the name of a context pack {mistake}", fields={"name": mistake})
    return name


def new_pack(message: pb.ContextPack) -> NewPack:
    scope, defaults = message.scope, message.defaults
    if defaults.mode not in SearchMode.values():
        raise InvalidRequest("mode is not known", fields={"pack.defaults.mode": f"{defaults.mode} is no search mode"})
    return NewPack(
        name=pack_name(message.name),
        shared=message.visibility == pb.PACK_VISIBILITY_SHARED,
        description=message.description,
        repositories=tuple(dict.fromkeys(plain_repository(name) for name in scope.repositories)),
        ref=scope.ref,
        languages=tuple(dict.fromkeys(language.lower() for language in scope.languages)),
        path_globs=tuple(dict.fromkeys(scope.path_globs)),
        kinds=tuple(dict.fromkeys(scope.kinds)),
        mode=SearchMode.Name(defaults.mode).removeprefix(_MODE).lower() if defaults.mode else "",
        result_limit=defaults.limit,
        token_budget=defaults.token_budget,
        policy=defaults.policy,
        tests=defaults.tests,
        docs=defaults.docs,
        config=defaults.config,
    )


def pack_message(shown: ShownPack) -> pb.ContextPack:
    pack = shown.pack
    message = pb.ContextPack(
        name=context_resource(pack.name),
        description=pack.description,
        visibility=pb.PACK_VISIBILITY_SHARED if pack.shared else pb.PACK_VISIBILITY_PRIVATE,
        scope=pb.ContextScope(
            repositories=[repository_resource(name) for name in pack.repositories],
            ref=pack.ref,
            languages=pack.languages,
            path_globs=pack.path_globs,
            kinds=pack.kinds,
        ),
        defaults=pb.ContextDefaults(
            mode=SearchMode.Value(_MODE + pack.mode.upper()) if pack.mode else SearchMode.SEARCH_MODE_UNSPECIFIED,
            limit=pack.result_limit,
            token_budget=pack.token_budget,
            policy=pack.policy,
            tests=pack.tests,
            docs=pack.docs,
            config=pack.config,
        ),
        owner=pack.owner,
        mine=pack.mine,
        hidden_repositories=shown.hidden_repositories,
    )
    message.create_time.FromDatetime(pack.created_at)
    message.update_time.FromDatetime(pack.updated_at)
    return message
