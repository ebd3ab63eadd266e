"""Real repositories to measure with: packages by name and version, as pip finds them.

Nothing of them is run but what pip runs to tell what a source distribution is called; pip decides where they come from.
Kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pampax.core.errors import ConfigError, LocalIOError, Unavailable

DOWNLOAD_S = 300.0
WHEEL, SDIST = "wheel", "sdist"
_ENDINGS = {WHEEL: ".whl", SDIST: ".tar.gz"}
# Not all of what a sdist is built with from source as well: that takes minutes.
_ONLY: Mapping[str, Callable[[str], tuple[str, str]]] = {
    WHEEL: lambda _requirement: ("--only-binary", ":all:"),
    SDIST: lambda requirement: ("--no-binary", requirement.partition("==")[0]),
}
# The letters of a name and of a version; neither begins with a dash, which pip would take for an option.
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.+!_-]*)")


@dataclass(frozen=True, slots=True)
class Package:
    """A downloaded package: `digest` is the SHA-256 of its wheel."""

    folder: Path
    digest: str


@dataclass(frozen=True, slots=True)
class KnownPackage:
    """A package of `packages.toml`."""

    requirement: str
    licence: str
    about: str


def known_packages() -> list[KnownPackage]:
    """The packages that were chosen for measuring; any other that pip finds will do as well."""
    table = tomllib.loads(files(__package__).joinpath("packages.toml").read_text("utf-8"))
    return [KnownPackage(**row) for row in table["package"]]


def is_requirement(text: str) -> bool:
    """Whether it names a package and exactly one version."""
    return _REQUIREMENT.fullmatch(text) is not None


def fetched(requirement: str, folder: Path, environ: Mapping[str, str] = os.environ) -> Package:
    """Unpacks the package below `folder`, downloaded unless it is cached. Unavailable when pip cannot get it."""
    wheel = archive_of(requirement, WHEEL, environ)
    try:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)  # refuses to leave the folder by itself
    except zipfile.BadZipFile as error:
        wheel.unlink(missing_ok=True)
        raise LocalIOError(f"{wheel} was damaged and is removed; run the command again") from error
    return Package(folder, hashlib.sha256(wheel.read_bytes()).hexdigest())


def archive_of(requirement: str, form: str, environ: Mapping[str, str]) -> Path:
    """The package's wheel or sdist in the cache folder, downloaded unless it is there. ConfigError, Unavailable."""
    if not is_requirement(requirement):
        raise ConfigError(f"{requirement!r} is no package with a version; write it as name==version")
    cache = cache_folder(environ)
    kept = cache / f"{requirement}{_ENDINGS[form]}"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            _download(requirement, form, Path(name))
            (archive,) = Path(name).glob(f"*{_ENDINGS[form]}")
            shutil.move(archive, kept)
    return kept


def cache_folder(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pampax" / "corpora"


def _download(requirement: str, form: str, folder: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
        *_ONLY[form](requirement), "--dest", str(folder), requirement,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"pip did not get {requirement} within {DOWNLOAD_S:.0f} s; check the network") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Unavailable(f"pip cannot get {requirement}: {said[-1] if said else 'it says nothing'}")
