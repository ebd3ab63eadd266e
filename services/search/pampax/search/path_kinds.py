"""What a path says whatever the question: test or example, port to one platform, header beside its source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Parts of paths that hold code about other code.
_ASIDE = re.compile(
    r"(^|/)(tests?|testing|testdata|spec|specs|__tests__|__mocks__|mocks?|fixtures?|examples?|samples?|demos?|docs?"
    r"|benchmarks?|bench|compat|legacy|deprecated|third_party|vendor)(/|$)"
    r"|(^|/)(test_[^/]*|[^/]*[._-](test|tests|spec|bench|mock|example)\.[^/]+|[^/]*(Test|Tests|Spec|IT)\.[a-z]+|conftest\.py)$"
)
# Terms of a question that asks for such code; stems, as `pampax.codeintel.terms` gives them.
ASIDE_WORDS = frozenset(
    {
        "test", "spec", "mock", "fixture", "exampl", "example", "sample", "demo", "doc", "bench", "benchmark", "compat",
        "legacy"
    }
)  # fmt: skip
PLATFORMS = frozenset(
    {
        "aix", "amiga", "android", "cygwin", "darwin", "dos", "freebsd", "haiku", "hurd", "ibmi", "ios",
        "linux", "macos", "msdos", "netbsd", "openbsd", "os390", "os400", "osx", "posix", "qnx", "riscos",
        "solaris", "sunos", "vms", "wasm", "win", "win32", "windows"
    }
)  # fmt: skip
_PLATFORM = re.compile(rf"(?:^|[/_.-])({'|'.join(sorted(PLATFORMS))})(?=[/_.-]|$)", re.IGNORECASE)
_SOURCE = re.compile(r"\.(c|cc|cpp|cxx)$")
_HEADER = re.compile(r"\.(h|hh|hpp|hxx)$")


@dataclass(frozen=True, slots=True)
class PathKinds:
    """One flag per path, 0 or 1. `aside`: code about other code (tests, examples, documentation, benchmarks)."""

    aside: Floats
    platform: Floats
    header: Floats


def path_kinds(paths: Sequence[str]) -> PathKinds:
    sources = {_SOURCE.sub("", path) for path in paths if _SOURCE.search(path)}
    return PathKinds(
        aside=np.array([bool(_ASIDE.search(path)) for path in paths], np.float32),
        platform=np.array([bool(_PLATFORM.search(path)) for path in paths], np.float32),
        header=np.array(
            [bool(_HEADER.search(path)) and _HEADER.sub("", path) in sources for path in paths], np.float32
        ),
    )
