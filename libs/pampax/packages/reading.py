"""Which files are manifests, what each says, and what those of one repository say together."""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from pampax.packages import jvm, native, python, script
from pampax.packages.model import BrokenManifest, Ecosystem, Manifest, Package

Read: TypeAlias = Callable[[str, str], Manifest]
# Code about other code, and other people's: what is said there, the repository does not publish.
_ASIDE = re.compile(
    r"(?:^|/)(?:[\w.-]*[tT]ests?|testing|testdata|specs?|__tests__|fixtures?|examples?|samples?|snippets?|demos?|docs?|documentation[\w-]*|benchmarks?"
    r"|bench|benches|templates?|third_party|vendor|node_modules|playgrounds?|e2e)/"
)
_NAMED: Mapping[str, Read] = MappingProxyType(
    {
        "pyproject.toml": python.pyproject,
        "setup.cfg": python.setup_cfg,
        "setup.py": python.setup_py,
        "Pipfile": python.pipfile,
        "package.json": script.package_json,
        "composer.json": script.composer_json,
        "go.mod": native.go_mod,
        "Cargo.toml": native.cargo_toml,
        "Gemfile": native.gemspec,
        "mix.exs": native.mix_exs,
        "pubspec.yaml": native.pubspec,
        "pom.xml": jvm.pom,
        "build.gradle": jvm.gradle,
        "build.gradle.kts": jvm.gradle,
        "settings.gradle": jvm.gradle_settings,
        "settings.gradle.kts": jvm.gradle_settings,
        "gradle.properties": jvm.gradle_properties,
        "build.sbt": jvm.sbt,
    }
)
_FORMED: tuple[tuple[re.Pattern[str], Read], ...] = (
    (re.compile(r"(?:^|/)requirements[\w.-]*\.txt$|(?:^|/)requirements/[\w.-]+\.txt$"), python.requirements),
    (re.compile(r"\.gemspec$"), native.gemspec),
    (re.compile(r"\.csproj$"), jvm.csproj),
    (re.compile(r"(?:^|/)gradle/[\w.-]+\.versions\.toml$"), jvm.gradle_catalog),
    (re.compile(r"(?:^|/)project/[\w.-]+\.(?:scala|sbt)$"), jvm.sbt),
)


def is_aside(path: str) -> bool:
    """Whether a file lies in a folder of tests, examples, documentation or other people's code."""
    return _ASIDE.search(path) is not None


def is_manifest(path: str) -> bool:
    return _reader(path) is not None and not is_aside(path)


def read_manifest(path: str, content: str) -> Manifest:
    """BrokenManifest when it is not what its name promises."""
    read = _reader(path)
    assert read is not None, path
    try:
        return read(path, content)
    except (ValueError, SyntaxError, configparser.Error, RecursionError, MemoryError) as error:
        told = " ".join(str(error).split())[:200]
        raise BrokenManifest(told or type(error).__name__) from error


def together(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """In order of paths. Packages of the JVM get the group that their own or the next manifest above them names;
    without one they are left out, but for those of sbt that are called as nothing else would be."""
    ordered = sorted(manifests, key=lambda each: each.path)
    groups: dict[str, str] = {}
    for each in ordered:
        if each.group:
            groups.setdefault(each.path.rpartition("/")[0], each.group)
    return tuple(replace(each, packages=tuple(_grouped(each, groups))) for each in ordered)


def _grouped(manifest: Manifest, groups: Mapping[str, str]) -> Iterable[Package]:
    for each in manifest.packages:
        if each.ecosystem is not Ecosystem.JVM or not each.name.startswith(":"):
            yield each
        elif group := manifest.group or _above(each.folder, groups):
            yield replace(each, name=f"{group}{each.name}")
        elif "-" in each.name and manifest.path.endswith(".sbt"):  # plugins of sbt know the group
            yield replace(each, name=each.name.removeprefix(":"))


def _above(folder: str, groups: Mapping[str, str]) -> str:
    while folder not in groups and folder:
        folder = folder.rpartition("/")[0]
    return groups.get(folder, "")


def _reader(path: str) -> Read | None:
    named = _NAMED.get(path.rpartition("/")[2])
    return named or next((read for form, read in _FORMED if form.search(path)), None)
