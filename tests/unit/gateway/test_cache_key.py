"""What makes two questions the same, and what makes them different."""

from dataclasses import replace
from uuid import UUID

import pytest
from google.protobuf.duration_pb2 import Duration

from pampax.assembly.signature import ASSEMBLY_VERSION as ASSEMBLY_VERSION_OF_ASSEMBLY
from pampax.core.errors import InvalidRequest
from pampax.core.identity import Caller, Role
from pampax.gateway.cache_key import ASSEMBLY_VERSION, RANKING_VERSION, cache_key
from pampax.gateway.checks import chosen_reranker
from pampax.gateway.normal_form import normalise_bundle, normalise_search
from pampax.gateway.scope import Scope
from pampax.search.weights import RANKING_VERSION as RANKING_VERSION_OF_SEARCH
from pampax.storage.snapshots import Snapshot
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest
from pampax.v1.search_service_pb2 import (
    GROUP_BY_FILE,
    SEARCH_MODE_LEXICAL,
    SEARCH_MODE_LITERAL,
    SearchChunksRequest,
    SnapshotInfo,
)

CALLER = Caller(UUID(int=1), UUID(int=2), Role.READER)
SNAPSHOT = Snapshot(7, "code", "main", 70, 1, "b1", "", False, 3, 1000.0, 1, 1, 1, None)
SCOPE = Scope(CALLER, (SNAPSHOT,))
SEARCH = SearchChunksRequest(query="retry")


def key_of(request: SearchChunksRequest, scope: Scope = SCOPE) -> str:
    return cache_key("search", normalise_search(request, request.reranker), scope)


def test_a_key_says_its_version_and_what_it_holds():
    version, kind, digest = key_of(SEARCH).split(":")
    assert (version, kind, len(digest)) == ("v1", "search", 64)


@pytest.mark.parametrize(
    "same",
    [
        SearchChunksRequest(query="  retry\n"),
        SearchChunksRequest(query="retry", limit=10, mode=1, group_by=1),
        SearchChunksRequest(query="retry", max_staleness=Duration(seconds=5)),
    ],
)
def test_requests_that_mean_the_same_share_a_key(same):
    assert key_of(same) == key_of(SEARCH)


@pytest.mark.parametrize(
    "other",
    [
        SearchChunksRequest(query="Retry"),
        SearchChunksRequest(query="retry", repositories=["repositories/code"]),
        SearchChunksRequest(query="retry", ref="main"),
        SearchChunksRequest(query="retry", mode=SEARCH_MODE_LEXICAL),
        SearchChunksRequest(query="retry", languages=["go"]),
        SearchChunksRequest(query="retry", path_glob="*.go"),
        SearchChunksRequest(query="retry", path_globs=["*.go"]),
        SearchChunksRequest(query="retry", kinds=["type"]),
        SearchChunksRequest(query="retry", limit=11),
        SearchChunksRequest(query="retry", group_by=GROUP_BY_FILE),
        SearchChunksRequest(query="retry", intent="path"),
        SearchChunksRequest(query="retry", explain=True),
        SearchChunksRequest(query="retry", page_token="t"),
        SearchChunksRequest(query="retry", exact_vectors=True),
        SearchChunksRequest(query="retry", why_not="a.py"),
        SearchChunksRequest(query="retry", ignore_case=True),
        SearchChunksRequest(query="retry", reranker="small@1"),
        SearchChunksRequest(query="retry", mode=SEARCH_MODE_LITERAL),
    ],
)
def test_every_field_that_shapes_the_answer_is_part_of_the_key(other):
    assert key_of(other) != key_of(SEARCH)


def test_no_field_of_a_search_was_forgotten_here():
    shaping = {field.name for field in SearchChunksRequest.DESCRIPTOR.fields} - {"max_staleness", "pack"}
    assert shaping == {
        "query", "repositories", "ref", "mode", "languages", "path_glob", "kinds", "limit", "group_by", "intent",
        "explain", "page_token", "exact_vectors", "why_not", "ignore_case", "path_globs", "reranker",
    }  # fmt: skip


@pytest.mark.parametrize(
    "scope",
    [
        Scope(replace(CALLER, tenant_id=UUID(int=9)), (SNAPSHOT,)),
        Scope(replace(CALLER, role=Role.ADMIN), (SNAPSHOT,)),
        Scope(CALLER, (replace(SNAPSHOT, generation=4),)),
        Scope(CALLER, (replace(SNAPSHOT, build="b2"),)),
        Scope(CALLER, (replace(SNAPSHOT, ref="dev"),)),
        Scope(CALLER, (replace(SNAPSHOT, snapshot_id=71),)),
        Scope(CALLER, (SNAPSHOT, replace(SNAPSHOT, repository_id=8, repository="more"))),
        Scope(CALLER, ()),
    ],
)
def test_another_scope_is_another_key(scope):
    assert key_of(SEARCH, scope) != key_of(SEARCH)


def test_two_principals_with_the_same_sight_share_answers():
    assert key_of(SEARCH, Scope(replace(CALLER, principal_id=UUID(int=5)), (SNAPSHOT,))) == key_of(SEARCH)


def test_values_cannot_be_moved_between_fields():
    one = SearchChunksRequest(query="x", languages=["go", "rust"])
    other = SearchChunksRequest(query="x", languages=["go"], kinds=["rust"])
    assert key_of(one) != key_of(other)


def test_a_bundle_and_a_search_never_share_a_key():
    bundle = normalise_bundle(AssembleBundleRequest(task="retry"))
    assert cache_key("bundle", bundle, SCOPE) != cache_key("search", bundle, SCOPE)


def test_equal_bundles_share_a_key():
    one = AssembleBundleRequest(task="t", seed_paths=["b.py", "./a.py"], token_budget=8000, tokenizer="o200k_base")
    other = AssembleBundleRequest(task=" t", seed_paths=["a.py", "b.py", "b.py"])
    assert cache_key("bundle", normalise_bundle(one), SCOPE) == cache_key("bundle", normalise_bundle(other), SCOPE)


def test_the_ranking_is_that_of_the_search_service():
    assert RANKING_VERSION == RANKING_VERSION_OF_SEARCH
    assert ASSEMBLY_VERSION == ASSEMBLY_VERSION_OF_ASSEMBLY


@pytest.mark.parametrize(
    ("answered", "covered"),
    [
        ([("repositories/code", "main", 3, "b1")], True),
        ([], True),
        ([("repositories/code", "main", 4, "b1")], False),
        ([("repositories/code", "main", 3, "b2")], False),
        ([("repositories/code", "main", 3, "b1"), ("repositories/new", "main", 1, "b1")], False),
    ],
)
def test_an_answer_is_covered_by_a_scope_that_has_all_its_generations(answered, covered):
    infos = [SnapshotInfo(repository=r, ref=ref, generation=g, build=b) for r, ref, g, b in answered]
    assert SCOPE.covers(infos) is covered


@pytest.mark.parametrize("asked", [{"mode": SEARCH_MODE_LITERAL}, {"intent": "regex"}])
def test_each_space_of_a_pattern_counts(asked):
    assert key_of(SearchChunksRequest(query=" retry", **asked)) != key_of(SearchChunksRequest(query="retry", **asked))


@pytest.mark.parametrize(
    ("asked", "own", "chosen"),
    [
        ("", "", ""),
        ("", "small@1", "small@1"),
        ("local", "small@1", "small@1"),
        ("small@1", "small@1", "small@1"),
        ("off", "small@1", ""),
        ("off", "", ""),
    ],
)
def test_a_request_chooses_the_model_by_which_its_answer_is_kept(asked, own, chosen):
    assert chosen_reranker(asked, own) == chosen
    request = SearchChunksRequest(query="retry", reranker=asked)
    assert normalise_search(request, chosen).reranker == chosen


@pytest.mark.parametrize(
    ("asked", "own", "told"),
    [
        ("local", "", "rerank is local, and this system has none"),
        ("small@2", "small@1", "reranker must be off, local or small@1, got 'small@2'"),
        ("api", "", "reranker must be off, local, got 'api'"),
    ],
)
def test_a_model_that_the_system_does_not_have_is_refused(asked, own, told):
    with pytest.raises(InvalidRequest, match=told):
        chosen_reranker(asked, own)
