"""The caller of a request: verified at the edge, passed on as a short-lived signed token, verified at every hop."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

import jwt

from pampax.core.errors import PermissionDenied, Unauthenticated
from pampax.core.identity import Caller, Role
from pampax.runtime import context

CALLER_KEY = "pampax-caller"
TOKEN_TTL_S = 60

_ALGORITHM = "HS256"
_AUDIENCE = "pampax-services"
_CLAIMS = ["exp", "iat", "sub", "aud", "tenant", "role"]
# How far the clocks of two machines may be apart.
_LEEWAY_S = 5


def sign_caller(caller: Caller, secret: str, ttl_s: int = TOKEN_TTL_S) -> str:
    """A token that says who calls; whoever holds the secret can make and check one. About 20 microseconds."""
    now = int(time.time())
    claims = {
        "sub": str(caller.principal_id),
        "tenant": str(caller.tenant_id),
        "role": caller.role.value,
        "local": caller.local,
        "aud": _AUDIENCE,
        "iat": now,
        "exp": now + ttl_s,
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def verify_caller(token: str, secret: str) -> Caller:
    """The caller that the token names; Unauthenticated when it is absent, forged, expired or meant for others."""
    if not token:
        raise Unauthenticated("the call names no caller; send it through the gateway", reason="CALLER_MISSING")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            leeway=_LEEWAY_S,
            options={"require": _CLAIMS},
        )
        return Caller(UUID(claims["tenant"]), UUID(claims["sub"]), Role(claims["role"]), claims.get("local") is True)
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("the caller token has expired; send the call again", reason="CALLER_EXPIRED") from error
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        message = "the caller token does not hold; check that both services have the same PAMPAX_AUTH__CALLER_SECRET"
        raise Unauthenticated(message, reason="CALLER_INVALID") from error


@dataclass(slots=True)
class _Identity:
    """Signs at the first use and again when half of the token's life is over: long requests send no stale one."""

    caller: Caller
    secret: str = field(repr=False)
    _token: str = field(default="", repr=False)
    _fresh_until: float = 0.0

    def token(self) -> str:
        if time.monotonic() >= self._fresh_until:
            self._token = sign_caller(self.caller, self.secret)
            self._fresh_until = time.monotonic() + TOKEN_TTL_S / 2
        return self._token


_identity: ContextVar[_Identity | None] = ContextVar("identity", default=None)


def enter_caller(caller: Caller, secret: str) -> None:
    """From here on the request acts for this caller, here and in the services that it calls."""
    _identity.set(_Identity(caller, secret))
    context.tenant.set(str(caller.tenant_id))


def current_caller() -> Caller:
    """The caller of this request; Unauthenticated outside of one."""
    identity = _identity.get()
    if identity is None:
        raise Unauthenticated("this needs a caller; send an API key", reason="CALLER_MISSING")
    return identity.caller


def require_role(role: Role) -> Caller:
    """The caller, when it has this role or a higher one; PermissionDenied otherwise."""
    caller = current_caller()
    if not caller.role.includes(role):
        message = f"this needs the role {role.value} and the key has {caller.role.value}; ask an admin for another key"
        raise PermissionDenied(message, reason="ROLE_REQUIRED", metadata={"required_role": role.value})
    return caller


def caller_metadata() -> tuple[tuple[str, str], ...]:
    """The token as metadata for an outgoing call; nothing where nobody calls."""
    identity = _identity.get()
    return () if identity is None else ((CALLER_KEY, identity.token()),)
