"""One spelling for requests that mean the same, so that they share a cache entry."""

from __future__ import annotations

from pampax.core import choices
from pampax.core.places import read_place
from pampax.gateway import bounds
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest
from pampax.v1.search_service_pb2 import GroupBy, SearchChunksRequest, SearchMode

_MODES = {SearchMode.SEARCH_MODE_UNSPECIFIED: SearchMode.SEARCH_MODE_HYBRID}
_PATTERNS = (SearchMode.SEARCH_MODE_REGEX, SearchMode.SEARCH_MODE_LITERAL)
_PATTERN_INTENTS = ("regex", "literal")
_GROUPS = {GroupBy.GROUP_BY_UNSPECIFIED: GroupBy.GROUP_BY_CHUNK}


def normalise_search(request: SearchChunksRequest, reranker: str = "") -> SearchChunksRequest:
    """A checked request with its defaults written out, words trimmed and sets in order. `reranker` is the model that it
    chooses, by name and version: an answer is cached under them."""
    normal = SearchChunksRequest()
    normal.CopyFrom(request)
    if request.mode not in _PATTERNS and request.intent not in _PATTERN_INTENTS:  # of which each space counts
        normal.query = request.query.strip()
    normal.repositories[:] = sorted(set(request.repositories))
    normal.languages[:] = sorted({language.lower() for language in request.languages})
    normal.kinds[:] = sorted(set(request.kinds))
    normal.path_globs[:] = sorted(set(request.path_globs))
    normal.mode = _MODES.get(request.mode, request.mode)
    normal.group_by = _GROUPS.get(request.group_by, request.group_by)
    normal.why_not = request.why_not.removeprefix("./")
    normal.reranker = reranker
    normal.limit = request.limit or bounds.DEFAULT_SEARCH_LIMIT
    return normal


def normalise_bundle(request: AssembleBundleRequest) -> AssembleBundleRequest:
    """The same for a bundle."""
    normal = AssembleBundleRequest()
    normal.CopyFrom(request)
    normal.task = request.task.strip()
    normal.repositories[:] = sorted(set(request.repositories))
    normal.seed_paths[:] = sorted({path.removeprefix("./") for path in request.seed_paths})
    normal.languages[:] = sorted({language.lower() for language in request.languages})
    normal.kinds[:] = sorted(set(request.kinds))
    normal.path_globs[:] = sorted(set(request.path_globs))
    normal.token_budget = request.token_budget or bounds.DEFAULT_TOKEN_BUDGET
    normal.tokenizer = request.tokenizer or choices.TOKENIZERS[0]
    normal.must_include[:] = sorted({str(read_place(place)) for place in request.must_include})
    normal.exclude_globs[:] = sorted(set(request.exclude_globs))
    normal.tests = request.tests or choices.WANTED[0]
    normal.docs = request.docs or choices.WANTED[0]
    normal.config = request.config or choices.WANTED[0]
    normal.depth = request.depth if request.HasField("depth") else bounds.DEFAULT_BUNDLE_DEPTH
    normal.policy = request.policy or choices.POLICIES[0]
    normal.format = request.format or choices.LAYOUTS[0]
    return normal
