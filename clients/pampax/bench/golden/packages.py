"""The golden queries with their packages, which pip downloads once into the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pampax.bench.corpus.packages import archive_of
from pampax.bench.golden.model import Annotated, Query, Target
from pampax.core.errors import LocalIOError


@dataclass(frozen=True, slots=True)
class GoldenPackage:
    """A package of `packages.toml` and the questions about it."""

    requirement: str
    form: str
    sha256: str
    licence: str
    roots: tuple[str, ...]
    exclude: tuple[str, ...]
    queries: tuple[Query, ...]

    @property
    def name(self) -> str:
        return self.requirement.partition("==")[0]


def golden_packages() -> list[GoldenPackage]:
    here = files(__package__)
    table = tomllib.loads(here.joinpath("packages.toml").read_text("utf-8"))
    return [
        _package(row, here.joinpath("queries", f"{_name(row)}.toml").read_text("utf-8")) for row in table["package"]
    ]


def golden_repositories(
    folder: Path, tell: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> Iterator[Annotated]:
    """Each package unpacked below `folder`. Unavailable when pip cannot get one, LocalIOError when one has changed."""
    for package in golden_packages():
        tell(f"unpacking {package.requirement}")
        archive = archive_of(package.requirement, package.form, environ)
        found = digest_of(archive)
        if found != package.sha256:
            archive.unlink(missing_ok=True)
            raise LocalIOError(
                f"{package.requirement} is not what the golden queries are about, its SHA-256 is {found}; removed: "
                "run the command again, and if that does not help, the package has changed"
            )
        include = tuple(f"/{root}/" for root in package.roots)
        sources = _unpacked(archive, folder / package.name)
        yield Annotated(package.name, sources, package.queries, include, package.exclude)


def digest_of(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _unpacked(archive: Path, folder: Path) -> Path:
    """The folder with the sources: of a sdist, what is below its one top folder."""
    folder.mkdir(parents=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)  # noqa: S202 - refuses to leave the folder by itself
        return folder
    with tarfile.open(archive) as sdist:
        sdist.extractall(folder, filter=_without_git)  # noqa: S202 - the filter refuses what would leave the folder
    (top,) = folder.iterdir()
    return top


def _without_git(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Some sdists carry a part of their repository: git would leave out what that calls a submodule."""
    return None if ".git" in member.name.split("/") else tarfile.data_filter(member, folder)


def _package(row: Mapping[str, Any], questions: str) -> GoldenPackage:
    queries = tuple(
        Query(
            each["text"],
            each["language"],
            each["category"],
            tuple(Target(target["path"], tuple(target["lines"])) for target in each["targets"]),
        )
        for each in tomllib.loads(questions)["query"]
    )
    return GoldenPackage(**{**row, "roots": tuple(row["roots"]), "exclude": tuple(row["exclude"])}, queries=queries)


def _name(row: Mapping[str, Any]) -> str:
    return str(row["requirement"]).partition("==")[0]
