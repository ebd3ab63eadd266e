"""Which gateway is asked, and with which key: options, environment, pampax.toml, the system that runs here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pampax.cli.config_file import ClientConfig
from pampax.cli.given import Given
from pampax.core.errors import ConfigError, LocalIOError, Unauthenticated, Unavailable

LONGEST_KEY = 256
_HTTP = ("http", "https")


@dataclass(frozen=True, slots=True)
class LocalSystem:
    """The system of a data directory, as it describes itself."""

    endpoint: str
    token: str


@dataclass(frozen=True, slots=True)
class Target:
    """`local`: this is the system of our data directory, and the key is its own, which may name folders here."""

    endpoint: str
    token: str
    local: bool


def find_target(
    given: Given, environ: Mapping[str, str], config: ClientConfig, local: Callable[[], LocalSystem | None]
) -> Target:
    """The first source that has an endpoint, and the first that has a key; `local` is asked only when needed.

    A --data-dir on the command line stands for the system there, before the environment and pampax.toml. The key of a
    local system is never sent anywhere else.
    """
    if given.data_dir is None or given.endpoint is not None:
        endpoint = given.endpoint or environ.get("PAMPAX_ENDPOINT") or config.endpoint
        token = _named_token(given, environ, config)
    else:
        endpoint, token = None, _token_of(given.token, given.token_file, "--token-file")
    system = local()
    if endpoint is None:
        if system is None:
            raise Unavailable("no system runs here: start it with `pampax up`, or give --endpoint", reason="NO_SYSTEM")
        endpoint = system.endpoint
    endpoint = checked_endpoint(endpoint)
    ours = system is not None and endpoint == system.endpoint
    if token is None and system is not None and ours:
        token = system.token
    if token is None:
        raise Unauthenticated(
            f"no API key for {endpoint}: give --token-file, or set PAMPAX_TOKEN", reason="API_KEY_MISSING"
        )
    return Target(endpoint, token, local=ours and system is not None and token == system.token)


def checked_endpoint(text: str) -> str:
    """The address in one form, without a slash at its end. ConfigError for what is no http address."""
    try:
        parts = urlsplit(text.strip())
        valid = parts.scheme in _HTTP and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment or parts.username is not None or not text.strip().isprintable():
        raise ConfigError(f"the endpoint {text!r} is no http address; write it as http://HOST:PORT")
    return text.strip().rstrip("/")


def _named_token(given: Given, environ: Mapping[str, str], config: ClientConfig) -> str | None:
    return (
        _token_of(given.token, given.token_file, "--token-file")
        or _token_of(environ.get("PAMPAX_TOKEN"), environ.get("PAMPAX_TOKEN_FILE"), "PAMPAX_TOKEN_FILE")
        or _token_of(None, config.token_file, "token_file in pampax.toml")
    )


def _token_of(token: str | None, file: str | None, origin: str) -> str | None:
    if token:
        return _checked_token(token, "the API key")
    if not file:
        return None
    try:
        text = Path(file).expanduser().read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} ({origin}) holds no API key; check the file") from error
    except OSError as error:
        raise LocalIOError(f"cannot read {file} ({origin}): {error.strerror}; check the file") from error
    return _checked_token(text.strip(), f"{file} ({origin})")


def _checked_token(token: str, origin: str) -> str:
    """A key is one word. Anything else in its place must not leave this machine."""
    if not token or len(token) > LONGEST_KEY or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"{origin} holds no API key: it is one word of at most {LONGEST_KEY} characters")
    return token
