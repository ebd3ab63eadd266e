"""Who calls: an API key becomes an identity, on every request anew, so that a revoked key stops at once."""

from __future__ import annotations

from pampax.core.errors import Unauthenticated
from pampax.core.identity import Caller
from pampax.gateway.deadline import checking_the_key
from pampax.gateway.postgres import GatewayRows
from pampax.storage.keys import key_hmac

_SCHEME = "bearer"
# Ours have 50 characters; what is longer is not hashed.
_LONGEST_KEY = 256


class Keys:
    """Turns the `authorization` header or metadata into a Caller."""

    def __init__(self, rows: GatewayRows, pepper: str) -> None:
        self._rows = rows
        self._pepper = pepper

    async def authenticate(self, authorization: str) -> Caller:
        """Unauthenticated with one and the same text whether the key is unknown, expired or revoked."""
        scheme, _, key = authorization.strip().partition(" ")
        if scheme.lower() != _SCHEME or not key:
            raise Unauthenticated("no API key; send the header `Authorization: Bearer <key>`", reason="API_KEY_MISSING")
        caller = None
        if len(key) <= _LONGEST_KEY and key.isascii():
            async with checking_the_key():
                caller = await self._rows.caller_of_key(key_hmac(key, self._pepper))
        if caller is None:
            raise Unauthenticated("the API key is not valid; ask an admin for another one", reason="API_KEY_INVALID")
        return caller
