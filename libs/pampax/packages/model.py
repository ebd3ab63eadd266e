"""Packages, what needs them, and what one manifest says of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ecosystem(StrEnum):
    """Where a name of a package means something."""

    PYTHON = "python"
    NODE = "node"
    GO = "go"
    RUST = "rust"
    JVM = "jvm"
    PHP = "php"
    RUBY = "ruby"
    DOTNET = "dotnet"
    ELIXIR = "elixir"
    DART = "dart"


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One that a repository publishes; `version` is "" where the manifest does not say it as text."""

    ecosystem: Ecosystem
    name: str
    version: str
    manifest: str

    @property
    def folder(self) -> str:
        """Of the manifest, "" for the top of the repository."""
        return self.manifest.rpartition("/")[0]

    @property
    def key(self) -> tuple[Ecosystem, str]:
        return self.ecosystem, folded(self.ecosystem, self.name)


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    """A package that a manifest needs; `spec` are the versions as they are written, "" for any."""

    ecosystem: Ecosystem
    name: str
    spec: str
    manifest: str

    @property
    def keys(self) -> tuple[tuple[Ecosystem, str], ...]:
        """Of packages that are meant: of the JVM also the one whose group its manifest does not say."""
        name = folded(self.ecosystem, self.name)
        names = (name, name.partition(":")[2]) if self.ecosystem is Ecosystem.JVM else (name,)
        return tuple((self.ecosystem, each) for each in names)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`places`: what code calls a part of the package, and where that lies below the manifest's folder: entries of
    JavaScript ("." for the package itself), prefixes of PHP's namespaces, names of Rust's crates. `group` is what
    packages of the JVM below the folder begin with, unless they say it themselves."""

    path: str
    packages: tuple[Package, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: str = ""


class BrokenManifest(ValueError):
    """A manifest that cannot be read, and why, without its path."""


def folded(ecosystem: Ecosystem, name: str) -> str:
    """One spelling of the names that an ecosystem takes for the same."""
    if ecosystem is Ecosystem.PYTHON:
        return re.sub(r"[-_.]+", "-", name).lower()
    if ecosystem is Ecosystem.RUST:
        return name.replace("_", "-").lower()
    if ecosystem in (Ecosystem.DOTNET, Ecosystem.PHP):
        return name.lower()
    if ecosystem is Ecosystem.JVM:  # sbt adds the version of Scala, a build for several platforms the platform
        return re.sub(r"(?:_(?:\d[\w.]*|sjs[\w.]*|native[\w.]*))+$|-(?:jvm|js|native)$", "", name)
    return name
