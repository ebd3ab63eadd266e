"""A folder without a file and an environment without variables of ours."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.core.errors import ConfigError
from pampax.runtime.configuration.flags import read_flags
from pampax.runtime.configuration.load import Loaded, load

Load = Callable[..., Loaded]
Refused = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("PAMPAX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def loaded() -> Load:
    """What a process would have, from its arguments and variables."""

    def call(*arguments: str, **variables: str) -> Loaded:
        return load(read_flags(arguments, "service"), variables)

    return call


@pytest.fixture
def refused(loaded: Load) -> Refused:
    """The lines of its refusal."""

    def call(*arguments: str, **variables: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            loaded(*arguments, **variables)
        return caught.value.message.splitlines()

    return call
