"""Resource names, refs and page tokens as clients may write them."""

import base64
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import InvalidRequest
from pampax.indexing import names

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True))
def test_a_repository_name_round_trips(repository_id: str) -> None:
    assert names.repository_of(names.repository_name(repository_id)) == repository_id


@given(TEXT)
def test_a_resource_name_is_read_or_refused_and_nothing_else(text: str) -> None:
    for read in (names.repository_of, names.operation_of, names.upload_of, names.check_ref):
        with suppress(InvalidRequest):
            read(text)


@given(st.uuids())
def test_an_operation_name_round_trips(operation_id: UUID) -> None:
    assert names.operation_of(names.operation_name(operation_id)) == operation_id


def test_other_spellings_of_an_operation_are_refused() -> None:
    operation_id = uuid4()
    for text in (f"operations/{operation_id.hex}", f"operations/{{{operation_id}}}", str(operation_id)):
        with pytest.raises(InvalidRequest):
            names.operation_of(text)


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_a_page_token_round_trips(position: list[str]) -> None:
    token = names.encode_page_token(*position)
    assert names.decode_page_token(token, len(position)) == tuple(position)
    with pytest.raises(InvalidRequest):
        names.decode_page_token(token, len(position) + 1)


@given(st.text(min_size=1, max_size=40))
def test_any_other_text_is_no_page_token(text: str) -> None:
    with suppress(InvalidRequest):
        assert names.decode_page_token(text, 1) is not None


def test_a_page_token_of_brackets_alone_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        names.decode_page_token(base64.urlsafe_b64encode(b"[" * 3_000).decode(), 1)


def test_the_first_page_has_no_token() -> None:
    assert names.decode_page_token("", 2) is None


@pytest.mark.parametrize(("asked", "given"), [(0, 100), (1, 1), (1000, 1000)])
def test_a_page_size_within_bounds_is_kept(asked: int, given: int) -> None:
    assert names.page_size(asked) == given


@pytest.mark.parametrize("ref", ["", "main", "feature/x", "v1.0", "日本語", "HEAD"])
def test_ordinary_refs_pass(ref: str) -> None:
    assert names.check_ref(ref) == ref
