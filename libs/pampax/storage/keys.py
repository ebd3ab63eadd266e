"""API keys: 256 random bits, of which only an HMAC is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from pampax.core.errors import ConfigError

PREFIX = "pampax_"  # lets secret scanners find a leaked one
KEY_BYTES = 32


def new_key() -> str:
    """PREFIX and 43 url-safe characters."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)


def key_hmac(key: str, pepper_hex: str) -> bytes:
    """What `api_key.key_hmac` holds: 32 bytes of HMAC-SHA-256 under the installation's pepper."""
    try:
        pepper = bytes.fromhex(pepper_hex)
    except ValueError:
        raise ConfigError("the key pepper is not hexadecimal; set PAMPAX_AUTH__KEY_PEPPER to 64 hex digits") from None
    if not pepper:
        raise ConfigError("the key pepper is empty; set PAMPAX_AUTH__KEY_PEPPER to 64 hex digits")
    return hmac.new(pepper, key.encode(), hashlib.sha256).digest()
