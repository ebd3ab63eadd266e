"""Which gateway is asked, and with which key: options, environment, pampax.toml, the system that runs here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pampax.cli.config_file import ClientConfig
from pampax.cli.given import Given
from pampax.core.errors import ConfigError, LocalIOError, Unauthenticated, Unavailable
from pampax.runtime.configuration.names import FILE_NAME

LONGEST_KEY = 256
_HTTP = ("http", "https")


@dataclass(frozen=True, slots=True)
class LocalSystem:
    """The system of a data directory, as it describes itself."""

    endpoint: str
    token: str


@dataclass(frozen=True, slots=True)
class Target:
    """`local`: this is the system of our data directory, and the key is its own, which may name folders here.

    `from_file`: the pampax.toml of the current folder has chosen it, which nobody typed.
    """

    endpoint: str
    token: str
    local: bool
    from_file: bool = False


def find_target(
    given: Given, environ: Mapping[str, str], config: ClientConfig, local: Callable[[], LocalSystem | None]
) -> Target:
    """The first source that has an endpoint, and a key that may go there.

    A --data-dir on the command line stands for the system there, before the environment and pampax.toml. The key of a
    local system is never sent anywhere else, and an endpoint that only pampax.toml names gets the key beside it alone.
    """
    there = given.data_dir is not None and given.endpoint is None
    named = given.endpoint or (None if there else environ.get("PAMPAX_ENDPOINT"))
    configured = None if named or there else config.endpoint
    system = local()
    if not named and not configured and system is None:
        raise Unavailable("no system runs here: start it with `pampax up`, or give --endpoint", reason="NO_SYSTEM")
    endpoint = checked_endpoint(named or configured or (system.endpoint if system else ""))
    ours = system is not None and endpoint == system.endpoint
    if configured and not ours:
        return Target(endpoint, _configured_token(endpoint, given, config), local=False, from_file=True)
    token = _named_token(given, {} if there else environ)
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


def _named_token(given: Given, environ: Mapping[str, str]) -> str | None:
    return _token_of(given.token, given.token_file, "--token-file") or _token_of(
        environ.get("PAMPAX_TOKEN"), environ.get("PAMPAX_TOKEN_FILE"), "PAMPAX_TOKEN_FILE"
    )


def _configured_token(endpoint: str, given: Given, config: ClientConfig) -> str:
    """The key beside pampax.toml. One on the command line is refused: its giver may not know of that file."""
    file = config.key_file()
    token = None if file is None else _token_of(None, str(file), f"token_file in {FILE_NAME}")
    if token is None or given.token or given.token_file:
        raise Unauthenticated(
            f"{endpoint} is named by {FILE_NAME} in this folder only, so no key is sent there but its own token_file; "
            f"to send yours, give --endpoint {endpoint} and --token-file",
            reason="API_KEY_WITHHELD",
        )
    return token


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
