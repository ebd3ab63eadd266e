"""What a context pack makes of a request: both must let a thing through; the request's own ref and options come first.

Pure: the same pack and the same request give the same narrowed request, and cached answers and signatures depend on
that one alone. A pack that has changed is never answered for with what was made under the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pampax.core.errors import InvalidRequest
from pampax.core.names import context_resource, plain_repository, repository_resource
from pampax.storage.packs import Pack
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest
from pampax.v1.search_service_pb2 import SearchChunksRequest, SearchMode

Request = TypeVar("Request", SearchChunksRequest, AssembleBundleRequest)


@dataclass(frozen=True, slots=True)
class Narrowed(Generic[Request]):
    """`request` names no pack any more; `notices` say what of the request the pack has left out."""

    request: Request
    pack: str
    notices: tuple[str, ...] = ()


def narrow(request: Request, pack: Pack) -> Narrowed[Request]:
    """InvalidRequest when nothing can be inside of both."""
    narrowed = type(request)()
    narrowed.CopyFrom(request)
    narrowed.ClearField("pack")
    inside = _Inside(pack.name)
    repositories = [plain_repository(name) for name in request.repositories]
    narrowed.repositories[:] = map(repository_resource, inside.both("repositories", repositories, pack.repositories))
    asked = [language.lower() for language in request.languages]
    narrowed.languages[:] = inside.both("languages", asked, pack.languages, shown=True)
    narrowed.kinds[:] = inside.both("kinds", request.kinds, pack.kinds, shown=True)
    narrowed.path_globs[:] = _globs(request, pack)
    narrowed.ref = request.ref or pack.ref
    _fill(narrowed, pack)
    return Narrowed(narrowed, context_resource(pack.name), tuple(inside.notices))


def _globs(request: Request, pack: Pack) -> Sequence[str]:
    """One of several has to match, so those of two sides cannot be asked for together."""
    if request.path_globs and pack.path_globs:
        mistake = f"must be left away beside context pack {pack.name!r}, which has some; use path_glob"
        raise InvalidRequest(f"path_globs {mistake}", reason="OUTSIDE_PACK", fields={"path_globs": mistake})
    return request.path_globs or pack.path_globs


def _fill(narrowed: SearchChunksRequest | AssembleBundleRequest, pack: Pack) -> None:
    if isinstance(narrowed, AssembleBundleRequest):
        narrowed.token_budget = narrowed.token_budget or pack.token_budget
        narrowed.policy = narrowed.policy or pack.policy
        narrowed.tests = narrowed.tests or pack.tests
        narrowed.docs = narrowed.docs or pack.docs
        narrowed.config = narrowed.config or pack.config
        return
    narrowed.limit = narrowed.limit or pack.result_limit
    if not narrowed.mode and pack.mode:
        narrowed.mode = SearchMode.Value(f"SEARCH_MODE_{pack.mode.upper()}")


class _Inside:
    """Intersections, and what they leave out."""

    def __init__(self, pack: str) -> None:
        self._pack = pack
        self.notices: list[str] = []

    def both(self, field: str, asked: Iterable[str], allowed: Sequence[str], *, shown: bool = False) -> list[str]:
        """Nothing given on one side lets all of the other through. `shown`: a mistake may name what is allowed."""
        asked = list(asked)
        if not asked or not allowed:
            return asked or list(allowed)
        kept = [each for each in asked if each in allowed]
        outside = ", ".join(each for each in asked if each not in allowed)
        if not kept:
            has = f", which has {', '.join(allowed)} only" if shown else ""
            mistake = f"{outside} is outside of context pack {self._pack!r}{has}"
            raise InvalidRequest(
                f"{mistake}; ask for something inside, or without the pack",
                reason="OUTSIDE_PACK",
                fields={field: mistake},
            )
        if outside:
            self.notices.append(f"context pack {self._pack!r} leaves out {outside}")
        return kept
