"""What one fetch may show a server: the credential that is stored for it, the machine user's keys, or nothing.

A secret reaches git through its environment and through memory that this process shares with it: never as an argument,
which every user of the machine can see, and never as a file on a disk.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from pampax.sources.address import GitAddress

# ssh looks for the home in the user database, not in HOME: keys, agent and configuration are each turned off by name.
_SSH_ALONE = "ssh -F /dev/null -oIdentitiesOnly=yes -oIdentityAgent=none -oGSSAPIAuthentication=no"
SSH_WITHOUT_KEYS = f"{_SSH_ALONE} -oIdentityFile=none"
# What most code hosts take with any token.
ANY_USER = "x-access-token"
HIDDEN = "***"

_USER_VARIABLE, _SECRET_VARIABLE = "GIT_ASKED_USERNAME", "GIT_ASKED_SECRET"
# git asks it as it asks any helper: by a shell that has both values from the environment.
_PRINT = f"""printf 'username=%s\\npassword=%s\\n' "${_USER_VARIABLE}" "${_SECRET_VARIABLE}\""""
_HELPER = f'!f() {{ test "$1" != get || {_PRINT}; }}; f'


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """For http and https. `label` and `repository` say in messages which one it is, and whose."""

    secret: str
    username: str = ""
    label: str = "the token"
    repository: str = ""

    def written(self) -> tuple[str, ...]:
        """Every form in which a message could hold the secret."""
        pair = f"{self.username or ANY_USER}:{self.secret}"
        return self.secret, quote(self.secret, safe=""), b64encode(pair.encode()).decode()


@dataclass(frozen=True, slots=True, repr=False)
class SshKey:
    """A private key without a passphrase. `known_hosts`: the host keys that are taken, none else; "" leaves that to
    the machine's own files. A host key that is not known is refused in any case."""

    private_key: str
    known_hosts: str = ""
    label: str = "the ssh key"
    repository: str = ""

    def written(self) -> tuple[str, ...]:
        return tuple(line for line in self.private_key.splitlines() if line and not line.startswith("-----"))


GitCredential: TypeAlias = Token | SshKey


def without_secrets(text: str, credential: GitCredential | None) -> str:
    """A server may say to us what we have said to it."""
    for secret in credential.written() if credential is not None else ():
        text = text.replace(secret, HIDDEN)
    return text


def fits(address: GitAddress, credential: GitCredential) -> bool:
    """Whether a server at this address would ask for such a credential."""
    return address.protocol in (("https", "http") if isinstance(credential, Token) else ("ssh",))


@contextmanager
def fetch_environment(
    address: GitAddress, credential: GitCredential | None, *, own: bool
) -> Iterator[Mapping[str, str]]:
    """The variables for the git calls of one fetch; what they name goes away with the block.

    `own`: without a credential, the credential helpers, the netrc file, the ssh keys and the agent of the user that
    runs this process serve the fetch. Otherwise only the system's configuration is read (it may hold certificates),
    without its helpers.
    """
    settings: dict[str, str] = {}
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        if not own or credential is not None:
            settings["credential.helper"] = ""  # git forgets those named before
            environment |= _nobody(stack.enter_context(tempfile.TemporaryDirectory(prefix="pampax-home-")))
        if credential is not None and fits(address, credential):
            if isinstance(credential, Token):
                settings[f"credential.{_server(address.url)}.helper"] = _HELPER
                environment |= {
                    _USER_VARIABLE: credential.username or ANY_USER,
                    _SECRET_VARIABLE: credential.secret,
                }
            else:
                environment["GIT_SSH_COMMAND"] = stack.enter_context(_ssh_with(credential))
        if address.protocol == "file":
            environment["GIT_CONFIG_GLOBAL"] = stack.enter_context(_any_owner())
        yield environment | _as_variables(settings)


def _server(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}"


def _nobody(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_SSH_COMMAND": SSH_WITHOUT_KEYS,
        "SSH_AUTH_SOCK": "",
    }


@contextmanager
def _ssh_with(key: SshKey) -> Iterator[str]:
    """The ssh command that shows this key alone, and only to hosts that are known."""
    options = ["-oStrictHostKeyChecking=yes", "-oUpdateHostKeys=no", "-oPreferredAuthentications=publickey"]
    with ExitStack() as stack:
        options.append(f"-oIdentityFile={stack.enter_context(_readable_by_children('key', key.private_key))}")
        if key.known_hosts:
            known = stack.enter_context(_readable_by_children("known_hosts", key.known_hosts))
            options += [f"-oUserKnownHostsFile={known}", "-oGlobalKnownHostsFile=/dev/null"]
        yield shlex.join([*_SSH_ALONE.split(), *options])


@contextmanager
def _readable_by_children(name: str, text: str) -> Iterator[str]:
    """A path under which processes of this user read the text: our own memory where the system has files of it, which
    goes when we go, however that happens; else a file for the owner alone."""
    content = text.replace("\r\n", "\n").strip().encode() + b"\n"
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile(prefix=f"pampax-{name}-") as file:
            file.write(content)
            file.flush()
            yield file.name
        return
    descriptor = os.memfd_create(f"pampax-{name}")
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # ssh refuses keys that others could read
        file.write(content)
        file.flush()
        yield f"/proc/{os.getpid()}/fd/{descriptor}"


@contextmanager
def _any_owner() -> Iterator[str]:
    """A configuration that lets a local repository be read in another user's folder, and without its blobs."""
    with tempfile.NamedTemporaryFile("w", prefix="pampax-git-", suffix=".config") as config:
        # git drops -c settings when it starts the serving side, which then refuses folders that others own.
        config.write("[safe]\n\tdirectory = *\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n")
        config.flush()
        yield config.name


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as git reads them from its environment: arguments could be seen by every user of the machine."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
