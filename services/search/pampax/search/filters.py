"""Which documents a request allows, and under which of its paths each is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search.directory import Directory
from pampax.search.globs import compile_glob
from pampax.search.request import SearchRequest


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
    """Cost: a few microseconds a file for a glob, nothing without filters."""
    if not request.languages and not request.path_glob:
        return Allowed(np.ones(len(directory.first_chunk), np.bool_), None)
    files = np.ones(len(directory.files), np.bool_)
    if request.languages:
        files &= np.array([file.language in request.languages for file in directory.files], np.bool_)
    if request.path_glob:
        matches = compile_glob(request.path_glob)
        files &= np.array([matches(file.path) for file in directory.files], np.bool_)
    documents = np.array([bool(files[list(owned)].any()) for owned in directory.files_of], np.bool_)
    return Allowed(documents, files)
