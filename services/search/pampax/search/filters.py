"""Which documents a request allows, and under which of its paths each is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pathspec import GitIgnoreSpec

from pampax.core.errors import InvalidRequest
from pampax.search.directory import Directory
from pampax.search.request import SearchRequest


@dataclass(frozen=True, slots=True)
class Allowed:
    """`documents` is a mask; `files` tells per file whether its path and language pass (None: all do)."""

    documents: NDArray[np.bool_]
    files: NDArray[np.bool_] | None

    def paths(self, directory: Directory, document: int) -> list[int]:
        """The allowed files of a document, by path."""
        files = directory.files_of[document]
        return [file for file in files if self.files is None or self.files[file]]


def allowed_by(request: SearchRequest, directory: Directory) -> Allowed:
    """InvalidRequest when the glob cannot be read."""
    if not request.languages and not request.path_glob:
        return Allowed(np.ones(len(directory.first_chunk), np.bool_), None)
    files = np.ones(len(directory.files), np.bool_)
    if request.languages:
        files &= np.array([file.language in request.languages for file in directory.files], np.bool_)
    if request.path_glob:
        glob = _compiled(request.path_glob)
        files &= np.array([glob.match_file(file.path) for file in directory.files], np.bool_)
    documents = np.array([bool(files[list(owned)].any()) for owned in directory.files_of], np.bool_)
    return Allowed(documents, files)


def _compiled(glob: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines([glob])
    except ValueError as error:
        raise InvalidRequest(
            f"path_glob {glob!r} cannot be read: {error}; write a pattern as in .gitignore, for example src/**/*.py",
            fields={"path_glob": "not a gitignore-style pattern"},
        ) from None
