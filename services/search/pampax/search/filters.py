"""Which documents a request allows, and under which of its paths each is shown."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from pampax.core.globs import compile_glob
from pampax.search.directory import Directory
from pampax.search.request import SearchRequest

# Sets of globs of one snapshot whose files are remembered, a byte a file for each; the oldest leave first.
MOST_KEPT = 8

# Searches run in threads.
_LOCK = Lock()
_KEPT: WeakKeyDictionary[Directory, dict[tuple[str, ...], NDArray[np.bool_]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """`documents` is a mask; `files` tells per file whether its path and language pass (None: all do)."""

    documents: NDArray[np.bool_]
    files: NDArray[np.bool_] | None

    def paths(self, directory: Directory, document: int) -> list[int]:
        """The allowed files of a document, by path."""
        files = directory.files_of[document]
        return [file for file in files if self.files is None or self.files[file]]


def allowed_by(request: SearchRequest, directory: Directory) -> Allowed:
    """Nothing to pay without filters, a few microseconds a file for each glob that was not asked for lately."""
    if not request.languages and not request.path_glob and not request.path_globs:
        return Allowed(np.ones(len(directory.first_chunk), np.bool_), None)
    files = np.ones(len(directory.files), np.bool_)
    if request.languages:
        files &= np.array([file.language in request.languages for file in directory.files], np.bool_)
    for globs in ((request.path_glob,) if request.path_glob else (), request.path_globs):
        if globs:
            files &= _matching(globs, directory)
    documents = np.array([bool(files[list(owned)].any()) for owned in directory.files_of], np.bool_)
    return Allowed(documents, files)


def _matching(globs: tuple[str, ...], directory: Directory) -> NDArray[np.bool_]:
    """Files whose path matches one of the globs. A scope is asked for again and again, so the answer is kept."""
    with _LOCK:
        kept = _KEPT.setdefault(directory, {})
        found = kept.get(globs)
    if found is not None:
        return found
    any_of = [compile_glob(glob) for glob in globs]
    found = np.array([any(matches(file.path) for matches in any_of) for file in directory.files], np.bool_)
    with _LOCK:
        kept[globs] = found
        while len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
    return found
