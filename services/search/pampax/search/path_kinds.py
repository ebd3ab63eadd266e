"""What a path says whatever the question: test or example, prose, port to one platform, header beside its source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.path_kinds import PROSE

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

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
# Terms of a question that asks for prose; stems too.
PROSE_WORDS = frozenset(
    {
        "readm", "changelog", "doc", "document", "documentat", "guid", "manual", "tutorial", "license", "contribut",
        "markdown"
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
_SOURCES = (".c", ".cc", ".cpp", ".cxx")
_HEADERS = (".h", ".hh", ".hpp", ".hxx")


@dataclass(frozen=True, slots=True)
class PathKinds:
    """One flag per path, 0 or 1. `aside`: code about other code (tests, examples, documentation, benchmarks)."""

    aside: Floats
    prose: Floats
    platform: Floats
    header: Floats


NO_KINDS = PathKinds(*(np.zeros(0, np.float32) for _ in range(4)))


def path_kinds(paths: Sequence[str], like: PathKinds = NO_KINDS, kept: Ints | None = None) -> PathKinds:
    """`kept`: per path, its place among those that `like` is of, or -1; None is -1 for all."""
    if kept is None:
        kept = np.full(len(paths), -1, np.int32)
    sources = {path.rpartition(".")[0] for path in paths if path.endswith(_SOURCES)}
    return PathKinds(
        aside=_found(_ASIDE, paths, like.aside, kept),
        prose=_found(PROSE, paths, like.prose, kept),
        platform=_found(_PLATFORM, paths, like.platform, kept),
        # Not a property of one path, so not taken from elsewhere.
        header=np.array([path.endswith(_HEADERS) and path.rpartition(".")[0] in sources for path in paths], np.float32),
    )


def _found(pattern: re.Pattern[str], paths: Sequence[str], like: Floats, kept: Ints) -> Floats:
    flags = np.zeros(len(paths), np.float32)
    flags[kept >= 0] = like[kept[kept >= 0]]
    for index in np.flatnonzero(kept < 0).tolist():
        flags[index] = pattern.search(paths[index]) is not None
    return flags
