"""Bounds and rules: the same for REST and gRPC, and the same as the contract's comments say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core import choices
from pampax.core.errors import InvalidRequest
from pampax.gateway import rules
from pampax.gateway.checks import check_entries, check_file, check_search
from pampax.v1.indexing_service_pb2 import ManifestEntry
from pampax.v1.search_service_pb2 import ReadFileRequest, SearchChunksRequest


@pytest.mark.parametrize("path", ["a", "a/b.py", "ü/漢字", "a b", "it's", "...", "a/..b", "-", "a\nb", "x" * 4096])
def test_paths_inside_a_repository_are_taken(path):
    assert rules.path(path) is None


@pytest.mark.parametrize(
    "path", ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\0b", "x" * 4097]
)
def test_paths_that_lead_out_or_nowhere_are_refused(path):
    assert rules.path(path) is not None


@pytest.mark.parametrize("ref", ["", "main", "feature/x-1", "v1.2.3", "worktree", "refs/heads/main", "HEAD", "ü"])
def test_refs_that_git_takes_are_taken(ref):
    assert rules.ref(ref) is None


@pytest.mark.parametrize(
    "ref",
    ["-x", "a b", "a..b", "a~1", "a^", "a:b", "a\nb", "x.lock", "a//b", "/a", "a/", "a\u00a0b", "a\u202eb", "x" * 256],
)
def test_refs_that_git_refuses_are_refused(ref):
    assert rules.ref(ref) is not None


@pytest.mark.parametrize("name", ["a", "a.b_c-d", "0", "x" * 63])
def test_repository_names_are_taken(name):
    assert rules.repository(name) is None


@pytest.mark.parametrize("name", ["", "A", ".a", "-a", "a/b", "a b", "x" * 64, "a\n"])
def test_other_names_are_refused(name):
    assert rules.repository(name) is not None


@given(st.text())
def test_no_text_makes_a_message_of_more_than_a_line(value):
    for rule in (rules.query, rules.repository, rules.language, rules.ref, rules.commit, rules.path, rules.folder):
        mistake = rule(value)
        assert mistake is None or (len(mistake.splitlines()) == 1 and len(mistake) < 300)


@given(st.text(max_size=300))
def test_git_urls_are_refused_and_never_crash(value):
    mistake = rules.git_url(value)
    assert mistake is None or len(mistake.splitlines()) == 1


@pytest.mark.parametrize(
    ("wrong", "words"), [({"kinds": ["guess"]}, choices.KINDS), ({"intent": "guess"}, choices.INTENTS)]
)
def test_a_word_that_is_no_choice_is_refused_with_the_choices(wrong, words):
    with pytest.raises(InvalidRequest, match=f"must be one of {', '.join(words)}, got 'guess'"):
        check_search(SearchChunksRequest(query="q", **wrong))


def test_all_mistakes_are_reported_together():
    with pytest.raises(InvalidRequest) as refused:
        check_search(SearchChunksRequest(limit=-1, intent="guess"))
    assert list(refused.value.fields) == ["query", "limit", "intent"]


def test_a_thousand_mistakes_are_not():
    with pytest.raises(InvalidRequest) as refused:
        check_entries([ManifestEntry(path="/x")] * 1000, 0)
    assert len(refused.value.fields) == 16


def test_entries_are_counted_from_the_first_message_on():
    with pytest.raises(InvalidRequest) as refused:
        check_entries([ManifestEntry(path="a", blob=b"1" * 20, size=-1, mode=0o100644)], 500)
    assert list(refused.value.fields) == ["manifest[500].size"]


@pytest.mark.parametrize(("start", "end", "wrong"), [(0, 0, False), (1, 1, False), (0, 5, False), (5, 4, True)])
def test_a_range_of_lines_does_not_run_backwards(start, end, wrong):
    request = ReadFileRequest(repository="repositories/r", path="a", start_line=start, end_line=end)
    if wrong:
        with pytest.raises(InvalidRequest):
            check_file(request)
    else:
        check_file(request)
