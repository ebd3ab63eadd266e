"""Which files are tests, and of which files: by their paths, as people name them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from pampax.codeintel.path_kinds import is_test
from pampax.codeintel.terms import INDEX_STEMS

_MIN_STEM_CHARS = 3
_FORM = r"test[_-]?(?:{0})|(?:{0})[._-]?(?:tests?|spec|unittest)|tests?/(?:[^/]+/)*(?:{0})|__tests__/(?:{0})"


def pattern_of_tests(paths: Iterable[str]) -> str | None:
    """A regular expression for the paths of the tests of these files, whatever the case; None when they have none."""
    stems = sorted({re.escape(stem) for path in paths if (stem := _stem(path))})
    return rf"(^|/)({_FORM.format('|'.join(stems))})\.[a-z]+$" if stems else None


def is_test_of(test: str, path: str) -> bool:
    """Whether the file at `test` is named as the test of the one at `path`."""
    pattern = pattern_of_tests([path])
    return pattern is not None and test != path and re.search(pattern, test, re.IGNORECASE) is not None


def _stem(path: str) -> str:
    """The name that a test of the file would carry, in lower case; empty for tests and for names that say nothing."""
    stem = PurePosixPath(path).name.partition(".")[0].lower()
    return "" if is_test(path) or len(stem) < _MIN_STEM_CHARS or stem in INDEX_STEMS else stem
