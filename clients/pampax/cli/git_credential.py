"""Options that give a git server's credential, and what they mean. Secrets come from variables and files, never as
arguments: those are seen by everybody on the machine and kept in the shell's history."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.client.repository import NewCredential

Command = TypeVar("Command", bound=Callable[..., Any])

# Larger ones are no keys, and the server would refuse them.
MOST_BYTES = 64 * 1024
_KEYGEN_S = 10.0
_SSH_PORT = 22

_OPTIONS = (
    click.option(
        "--token-env",
        type=TEXT,
        metavar="NAME",
        help="Variable that holds a token for an https URL; stored encrypted in place of an older one.",
    ),
    click.option(
        "--token-user", type=TEXT, metavar="USER", help="User name to show with it, where the host asks for one."
    ),
    click.option(
        "--ssh-key",
        type=TEXT,
        metavar="FILE",
        help="Private key for an ssh URL, without a passphrase; stored encrypted.",
    ),
    click.option(
        "--known-hosts",
        type=TEXT,
        metavar="FILE",
        help="Host keys that it may be shown to; those in ~/.ssh/known_hosts for the URL's host if absent.",
    ),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What stood on the command line."""

    token_env: str | None
    token_user: str | None
    ssh_key: str | None
    known_hosts: str | None

    def __bool__(self) -> bool:
        return any((self.token_env, self.token_user, self.ssh_key, self.known_hosts))

    def read(self, url: str, environ: Mapping[str, str] = os.environ) -> NewCredential | None:
        """The credential, read from where the options say; None when none is given. UsageError for what cannot be."""
        if not self:
            return None
        from pampax.client.repository import NewCredential

        if self.token_env:
            if self.ssh_key or self.known_hosts:
                raise _usage("--token-env is for https URLs, --ssh-key and --known-hosts are for ssh: give one of them")
            return NewCredential(token=_token(self.token_env, environ), username=self.token_user or None)
        if self.token_user:
            raise _usage("--token-user goes with --token-env")
        if not self.ssh_key:
            raise _usage("--known-hosts goes with --ssh-key")
        known = _read(self.known_hosts) if self.known_hosts else known_hosts_of(url)
        return NewCredential(ssh_key=_read(self.ssh_key), known_hosts=known or None)


def credential_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def known_hosts_of(url: str) -> str:
    """The lines of the user's known_hosts that are about the URL's host; "" when there are none, or no ssh-keygen."""
    path = Path("~/.ssh/known_hosts").expanduser()
    command = ["ssh-keygen", "-F", _host_of(url), "-f", str(path)]
    try:
        found = subprocess.run(
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=_KEYGEN_S, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "".join(f"{line}\n" for line in found.stdout.splitlines() if line and not line.startswith("#"))


def _host_of(url: str) -> str:
    """As known_hosts writes it: with another port than ssh's, `[host]:port`."""
    from pampax.sources.git import parse_git_url

    host = parse_git_url(url).host
    port = urlsplit(url).port if "://" in url else None
    return f"[{host}]:{port}" if port and port != _SSH_PORT else host


def _token(name: str, environ: Mapping[str, str]) -> str:
    token = environ.get(name, "").strip()
    if not token:
        raise _usage(
            f"the variable {name!r} is empty or not set: --token-env takes the NAME of one that holds the token"
        )
    return token


def _read(name: str) -> str:
    from pampax.core.errors import LocalIOError

    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise LocalIOError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or len(content) > MOST_BYTES:
        raise _usage(f"{path} is no key and no known_hosts file: it is empty, too large or no text")
    return text


def _usage(message: str) -> click.UsageError:
    return click.UsageError(message, click.get_current_context(silent=True))
