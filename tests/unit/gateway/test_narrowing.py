"""What a context pack makes of a request."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import InvalidRequest
from pampax.gateway.narrowing import narrow
from pampax.storage.packs import Pack
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest
from pampax.v1.search_service_pb2 import SEARCH_MODE_HYBRID, SEARCH_MODE_SYMBOL, SearchChunksRequest

NOW = datetime(2025, 1, 1, tzinfo=UTC)
LANGUAGES = st.lists(st.sampled_from(["go", "python", "rust", "c"]), unique=True)


def pack_of(**fields: object) -> Pack:
    empty = {"repositories": (), "ref": "", "languages": (), "path_globs": (), "kinds": (), "mode": ""}
    known = {"result_limit": 0, "token_budget": 0, **empty, **fields}
    return Pack(
        pack_id=1, name="web", shared=False, description="", owner="ann", mine=True, created_at=NOW, updated_at=NOW,
        **known,
    )  # type: ignore[arg-type]  # fmt: skip


def test_an_empty_pack_leaves_a_request_as_it_is():
    request = SearchChunksRequest(query="q", repositories=["repositories/a"], languages=["go"], path_glob="x", limit=3)
    assert narrow(SearchChunksRequest(pack="contexts/web", **_fields(request)), pack_of()).request == request


def test_an_empty_request_gets_all_of_the_pack():
    fields = {"languages": ("go",), "path_globs": ("src/", "lib/"), "kinds": ("type",), "ref": "main"}
    pack = pack_of(repositories=("a", "b"), mode="symbol", result_limit=7, token_budget=300, **fields)
    searched = narrow(SearchChunksRequest(query="q", pack="contexts/web"), pack)
    common = {"repositories": ["repositories/a", "repositories/b"], **fields}
    assert searched.request == SearchChunksRequest(query="q", mode=SEARCH_MODE_SYMBOL, limit=7, **common)
    assert (searched.pack, searched.notices) == ("contexts/web", ())
    assembled = narrow(AssembleBundleRequest(task="t", pack="contexts/web"), pack)
    assert assembled.request == AssembleBundleRequest(task="t", token_budget=300, **common)


def test_options_and_ref_of_the_request_come_first():
    pack = pack_of(ref="main", mode="symbol", result_limit=7, token_budget=300)
    searched = narrow(SearchChunksRequest(ref="dev", mode=SEARCH_MODE_HYBRID, limit=2), pack).request
    assert (searched.ref, searched.mode, searched.limit) == ("dev", SEARCH_MODE_HYBRID, 2)
    assert narrow(AssembleBundleRequest(token_budget=900), pack).request.token_budget == 900


def test_a_pack_fills_in_how_a_bundle_is_made_where_the_request_leaves_it_open():
    pack = pack_of(policy="broad", tests="without", docs="without", config="with")
    open_request = narrow(AssembleBundleRequest(task="t"), pack).request
    filled = (open_request.policy, open_request.tests, open_request.docs, open_request.config)
    assert filled == ("broad", "without", "without", "with")
    own = narrow(AssembleBundleRequest(task="t", policy="focused", tests="auto"), pack).request
    assert (own.policy, own.tests, own.docs) == ("focused", "auto", "without")


@given(asked=LANGUAGES, allowed=LANGUAGES)
def test_nothing_comes_through_that_either_side_leaves_out(asked, allowed):
    request, pack = SearchChunksRequest(query="q", languages=asked), pack_of(languages=tuple(allowed))
    inside = set(asked or allowed) & set(allowed or asked)
    if (asked or allowed) and not inside:
        with pytest.raises(InvalidRequest, match=r"is outside of context pack 'web', which has .* only"):
            narrow(request, pack)
        return
    narrowed = narrow(request, pack)
    assert set(narrowed.request.languages) == inside
    assert bool(narrowed.notices) is bool(set(asked) - inside)


def test_the_case_of_a_language_does_not_matter():
    assert narrow(SearchChunksRequest(languages=["Go"]), pack_of(languages=("go",))).request.languages == ["go"]


def _fields(request: SearchChunksRequest) -> dict[str, object]:
    return {field.name: value for field, value in request.ListFields()}
