"""Where the contents of a plan come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pampax.core.errors import LocalIOError, NotFound
from pampax.planning.model import Read
from pampax.sources.folder import read_file
from pampax.sources.git import BlobReader
from pampax.sources.model import SourceFile


def from_folder(root: Path) -> Read:
    def read(files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        for file in files:
            try:
                yield file, read_file(root, file.path)
            except LocalIOError:
                yield file, None

    return read


def from_mirror(blobs: BlobReader) -> Read:
    def read(files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        for file in files:
            try:
                yield file, blobs.read(file.blob_id)
            except NotFound:
                yield file, None

    return read
