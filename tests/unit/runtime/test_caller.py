"""The signed token that carries the caller from service to service."""

from __future__ import annotations

import contextvars
import time
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import PermissionDenied, Unauthenticated
from pampax.core.identity import Caller, Role
from pampax.runtime.caller import (
    CALLER_KEY,
    caller_metadata,
    current_caller,
    enter_caller,
    require_role,
    sign_caller,
    verify_caller,
)

SECRET = "ab" * 32
CALLER = Caller(UUID(int=1), UUID(int=2), Role.WRITER)


def inside(work, caller=CALLER):
    """Runs `work` for the caller, in a context that ends with it."""

    def enter():
        enter_caller(caller, SECRET)
        return work()

    return contextvars.Context().run(enter)


@given(st.builds(Caller, st.uuids(), st.uuids(), st.sampled_from(Role), st.booleans()))
def test_the_caller_comes_back_as_it_was_signed(caller):
    assert verify_caller(sign_caller(caller, SECRET), SECRET) == caller


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "CALLER_MISSING"),
        ("not a token", "CALLER_INVALID"),
        (sign_caller(CALLER, "cd" * 32), "CALLER_INVALID"),
        (sign_caller(CALLER, SECRET, ttl_s=-60), "CALLER_EXPIRED"),
        (jwt.encode({"sub": "x"}, SECRET, algorithm="HS256"), "CALLER_INVALID"),
        (jwt.encode({"sub": "x"}, None, algorithm="none"), "CALLER_INVALID"),
    ],
    ids=["absent", "garbage", "forged", "expired", "incomplete", "unsigned"],
)
def test_any_other_token_is_refused(token, reason):
    with pytest.raises(Unauthenticated) as caught:
        verify_caller(token, SECRET)
    assert caught.value.reason == reason


@pytest.mark.parametrize("change", [{"aud": "others"}, {"tenant": "x"}, {"role": "owner"}, {"sub": 5}, {"exp": "soon"}])
def test_a_token_with_other_claims_is_refused(change):
    claims = jwt.decode(sign_caller(CALLER, SECRET), options={"verify_signature": False})
    with pytest.raises(Unauthenticated):
        verify_caller(jwt.encode(claims | change, SECRET, algorithm="HS256"), SECRET)


def test_only_true_is_local():
    claims = jwt.decode(sign_caller(CALLER, SECRET), options={"verify_signature": False})
    assert not verify_caller(jwt.encode(claims | {"local": "yes"}, SECRET, algorithm="HS256"), SECRET).local


def test_outside_of_a_request_nobody_calls():
    with pytest.raises(Unauthenticated):
        contextvars.Context().run(current_caller)
    assert contextvars.Context().run(caller_metadata) == ()


@pytest.mark.parametrize("needed", [Role.READER, Role.WRITER])
def test_a_role_includes_those_below_it(needed):
    assert inside(lambda: require_role(needed)) == CALLER


def test_a_role_above_is_denied():
    with pytest.raises(PermissionDenied) as caught:
        inside(lambda: require_role(Role.ADMIN))
    assert caught.value.metadata == {"required_role": "admin"}


def test_the_token_is_signed_once_and_anew_before_it_expires(monkeypatch):
    def twice_and_later():
        first, second = caller_metadata(), caller_metadata()
        moment = time.time() + 45
        monkeypatch.setattr(time, "time", lambda: moment)
        monkeypatch.setattr(time, "monotonic", lambda: moment)
        return first, second, caller_metadata()

    first, second, later = inside(twice_and_later)
    assert first is not later
    assert first == second != later
    assert later[0][0] == CALLER_KEY


def test_the_secret_is_not_shown():
    shown = inside(lambda: repr(contextvars.copy_context().items()))
    assert SECRET not in shown
