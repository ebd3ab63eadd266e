"""Inflating bodies: never beyond the bound."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import InvalidRequest, TooLarge
from pampax.gateway.rest.body import inflate


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_members_one_after_the_other_are_one_body(parts):
    assert inflate(b"".join(gzip.compress(part) for part in parts), 1000) == b"".join(parts)


def test_members_by_the_thousand_are_refused():
    with pytest.raises(InvalidRequest):
        inflate(gzip.compress(b"") * 1_000, 1_000)


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False), (10_000_000, False)])
def test_the_bound_is_exact(size, fits):
    body = gzip.compress(bytes(size))
    if fits:
        assert inflate(body, 100) == bytes(size)
    else:
        with pytest.raises(TooLarge):
            inflate(body, 100)


@given(st.binary(max_size=100))
def test_what_is_no_gzip_is_refused(junk):
    if junk:
        with pytest.raises(InvalidRequest):
            inflate(junk, 1000)


def test_a_body_that_ends_too_early_is_refused():
    body = gzip.compress(b"x" * 100)
    for end in range(1, len(body)):
        with pytest.raises(InvalidRequest):
            inflate(body[:end], 1000)
