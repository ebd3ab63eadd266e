"""The packages of the corpus, as `corpus.txt` lists them, and the files inside what their clients fetched."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 1_000_000  # larger ones are generated or data


@dataclass(frozen=True, slots=True)
class Package:
    """One line of the list."""

    ecosystem: str  # pypi, npm, go, crates, maven or debian
    name: str  # as its registry spells it; group:artifact for maven
    version: str
    within: str = ""  # the only folder that is read; all of them if empty

    def __str__(self) -> str:
        return f"{self.ecosystem} {self.name} {self.version}"

    @property
    def key(self) -> str:
        """Its name as a folder or file may be called: `scope-name-1.0`."""
        return f"{re.sub('[^A-Za-z0-9]+', '-', self.name).strip('-').lower()}-{self.version}".replace(":", "_")


def read_list(path: Path) -> list[Package]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Package(*line.split()) for line in lines if line and not line.startswith("#")]


def files_of(source: Path) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each file of a folder or archive, in order of path, those of over a MB left out."""
    if source.is_dir():
        yield from _folder(source)
    elif zipfile.is_zipfile(source):
        yield from _zip(source)
    else:
        yield from _tar(source)


def _folder(source: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_FILE_BYTES:
            yield path.relative_to(source).as_posix(), path.read_bytes()


def _zip(source: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(source) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            if not entry.is_dir() and entry.file_size <= MAX_FILE_BYTES:
                yield entry.filename, archive.read(entry)


def _tar(source: Path) -> Iterator[tuple[str, bytes]]:
    """In the order of the archive, for going back in a compressed one reads it anew."""
    with tarfile.open(source, "r:*") as archive:
        for entry in archive:
            if entry.isfile() and entry.size <= MAX_FILE_BYTES:
                content = archive.extractfile(entry)
                if content is not None:
                    yield entry.name, content.read()
