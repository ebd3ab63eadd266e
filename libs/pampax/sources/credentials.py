"""What one fetch may show a server: its own header, the machine user's keys when they are meant, or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from pampax.sources.address import GitAddress

# ssh looks for the home in the user database, not in HOME: keys, agent and configuration are each turned off by name.
SSH_WITHOUT_KEYS = (
    "ssh -F /dev/null -oIdentitiesOnly=yes -oIdentityFile=none -oIdentityAgent=none -oGSSAPIAuthentication=no"
)


@contextmanager
def fetch_environment(address: GitAddress, authorization: str | None, *, own: bool) -> Iterator[Mapping[str, str]]:
    """The variables for the git calls of one fetch; files that they name go away with the block.

    `own`: the credential helpers, the netrc file, the ssh keys and the agent of the user that runs this process serve
    the fetch. Otherwise only the system's configuration is read (it may hold certificates), without its helpers.
    """
    settings: dict[str, str] = {}
    if authorization is not None and address.protocol in ("https", "http"):
        settings["http.extraHeader"] = f"Authorization: {authorization}"
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        if not own:
            settings["credential.helper"] = ""  # git forgets those named before
            environment |= _nobody(stack.enter_context(tempfile.TemporaryDirectory(prefix="pampax-home-")))
        if address.protocol == "file":
            environment["GIT_CONFIG_GLOBAL"] = stack.enter_context(_any_owner())
        yield environment | _as_variables(settings)


def _nobody(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_SSH_COMMAND": SSH_WITHOUT_KEYS,
        "SSH_AUTH_SOCK": "",
    }


@contextmanager
def _any_owner() -> Iterator[str]:
    """A configuration that lets a local repository be read in another user's folder."""
    with tempfile.NamedTemporaryFile("w", prefix="pampax-git-", suffix=".config") as config:
        # git drops -c settings when it starts the serving side, which then refuses folders that others own.
        config.write("[safe]\n\tdirectory = *\n")
        config.flush()
        yield config.name


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as git reads them from its environment: arguments could be seen by every user of the machine."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
