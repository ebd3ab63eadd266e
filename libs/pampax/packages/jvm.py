"""Java, Kotlin and Scala: Maven, Gradle and sbt; and .NET, whose projects are XML as Maven's are. Nothing is run, so of
builds that are programs only what stands there as text is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from pampax.packages.model import Dependency, Ecosystem, Manifest, Package
from pampax.packages.values import MAX_SPEC_CHARS, pairs, table, text

_DECLARES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
_GROUP = re.compile(r"^\s*(?:project\.)?group\s*=?\s*[\"']([\w.-]+)[\"']", re.MULTILINE)
_VERSION = re.compile(r"^\s*(?:project\.)?version\s*=?\s*[\"']([\w.+-]+)[\"']", re.MULTILINE)
_ROOT_NAME = re.compile(r"rootProject\.name\s*=\s*[\"']([\w.-]+)[\"']")
_PROPERTY = re.compile(r"^\s*(group|version)\s*[=:]\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_GRADLE_NEED = re.compile(r"[\"']([\w.-]+):([\w.-]+)(?::([^\"'@\s]*))?(?:@\w+)?[\"']")
_SBT_GROUP = re.compile(r"\borganization\s*:=\s*\"([\w.-]+)\"")
_SBT_NAME = re.compile(r"\b(?:moduleName|name)\s*:=\s*\"([\w.-]+)\"")
_SBT_NEED = re.compile(r"\"([\w.-]+)\"\s*%{1,3}\s*\"([\w.-]+)\"(?:\s*%\s*(?:\"([^\"]*)\"|([\w.]+)))?")


def pom(path: str, content: str) -> Manifest:
    root = _xml(content)
    group = _child(root, "groupId") or _child(_first(root, "parent"), "groupId")
    version = _child(root, "version") or _child(_first(root, "parent"), "version")
    artifact = _child(root, "artifactId")
    known = {"${project.groupId}": group, "${pom.groupId}": group, "${project.version}": version}
    needs = tuple(
        Dependency(Ecosystem.JVM, f"{known.get(owner, owner)}:{name}", known.get(spec, spec)[:MAX_SPEC_CHARS], path)
        for below in (_first(root, "dependencies"), _first(root, "parent"))
        for each in ([] if below is None else [below] if _tag(below) == "parent" else below)
        if (owner := _child(each, "groupId")) and (name := _child(each, "artifactId"))
        for spec in [_child(each, "version")]
    )
    packages = (Package(Ecosystem.JVM, f"{group}:{artifact}", version, path),) if group and artifact else ()
    return Manifest(path, packages, needs, group=group)


def gradle(path: str, content: str) -> Manifest:
    """An artifact is called as its folder, which the top of a repository does not tell."""
    content = _COMMENT.sub("", content)
    group, version = _GROUP.search(content), _VERSION.search(content)
    folder = path.rpartition("/")[0].rpartition("/")[2]
    packages = (Package(Ecosystem.JVM, f":{folder}", version[1] if version else "", path),) if folder else ()
    return Manifest(path, packages, tuple(_needs(_GRADLE_NEED, content, path)), group=group[1] if group else "")


def gradle_settings(path: str, content: str) -> Manifest:
    name = _ROOT_NAME.search(_COMMENT.sub("", content))
    return Manifest(path, (Package(Ecosystem.JVM, f":{name[1]}", "", path),) if name else ())


def gradle_properties(path: str, content: str) -> Manifest:
    said = {key.lower(): value for key, value in _PROPERTY.findall(content)}
    return Manifest(path, group=text(said.get("group")))


def gradle_catalog(path: str, content: str) -> Manifest:
    document = tomllib.loads(content)
    versions = table(document, "versions")
    found: list[Dependency] = []
    for _, library in pairs(document.get("libraries")):
        said = table(library)
        whole = text(library) if isinstance(library, str) else text(said.get("module"))
        group, _, rest = (whole or f"{text(said.get('group'))}:{text(said.get('name'))}").partition(":")
        artifact, _, spec = rest.partition(":")
        version = said.get("version", spec)
        version = versions.get(text(table(version).get("ref")), "") if isinstance(version, dict) else version
        if group and artifact:
            found.append(Dependency(Ecosystem.JVM, f"{group}:{artifact}", text(version, MAX_SPEC_CHARS), path))
    return Manifest(path, (), tuple(found))


def sbt(path: str, content: str) -> Manifest:
    content = _COMMENT.sub("", content)
    group = _SBT_GROUP.search(content)
    packages = tuple(Package(Ecosystem.JVM, f":{name}", "", path) for name in dict.fromkeys(_SBT_NAME.findall(content)))
    return Manifest(path, packages, tuple(_needs(_SBT_NEED, content, path)), group=group[1] if group else "")


def csproj(path: str, content: str) -> Manifest:
    root = _xml(content)
    said = {_tag(each): (each.text or "").strip() for group in root if _tag(group) == "PropertyGroup" for each in group}
    stem = path.rpartition("/")[2].rpartition(".")[0]
    named = [said.get(key, "") for key in ("PackageId", "AssemblyName")]
    name = next((text(each) for each in named if text(each) and "$(" not in each), stem)
    version = text(said.get("Version") or said.get("VersionPrefix"))
    needs = tuple(
        Dependency(Ecosystem.DOTNET, text(each.get("Include")), text(spec, MAX_SPEC_CHARS), path)
        for each in root.iter()
        if _tag(each) == "PackageReference" and text(each.get("Include"))
        for spec in [each.get("Version") or _child(each, "Version")]
    )
    return Manifest(path, (Package(Ecosystem.DOTNET, name, "" if "$(" in version else version, path),), needs)


def _needs(form: re.Pattern[str], content: str, path: str) -> Iterator[Dependency]:
    for group, artifact, *specs in form.findall(content):
        yield Dependency(Ecosystem.JVM, f"{group}:{artifact}", next(filter(None, specs), "")[:MAX_SPEC_CHARS], path)


def _xml(content: str) -> ET.Element:
    if _DECLARES.search(content):
        raise ValueError("it declares a document type or entities, which is not read")
    return ET.fromstring(content.removeprefix("\ufeff").lstrip())  # noqa: S314 - it declares no entities


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _first(element: ET.Element | None, name: str) -> ET.Element | None:
    return next((each for each in element if _tag(each) == name), None) if element is not None else None


def _child(element: ET.Element | None, name: str) -> str:
    found = _first(element, name)
    return text((found.text or "").strip()) if found is not None else ""
