"""Go, Rust, Ruby, Elixir and Dart: one manifest each, and what stands beside it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from pampax.packages.model import Dependency, Ecosystem, Manifest, Package
from pampax.packages.values import MAX_SPEC_CHARS, pairs, table, text

_GO_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_GO_NEED = re.compile(r"^(?:require\s+|\s+)([\w.~-]+\.[\w./~-]+)\s+(v[\w.+-]+)", re.MULTILINE)
_CARGO_NEEDS = ("dependencies", "dev-dependencies", "build-dependencies")
_GEM = re.compile(r"\.name\s*=\s*[\"']([\w.-]+)[\"']")
_GEM_VERSION = re.compile(r"\.version\s*=\s*[\"']([^\"']+)[\"']")
_GEM_NEED = re.compile(
    r"^\s*(?:\w+\.add_(?:runtime_|development_)?dependency|gem)[\s(]+[\"']([\w.-]+)[\"'](?:\.freeze)?"
    r"((?:\s*,\s*[\"'][^\"'\n]*[\"'])*)",
    re.MULTILINE,
)
_MIX_APP = re.compile(r"\bapp:\s*:(\w+)")
_MIX_VERSION = re.compile(r"(?:@version|version:)\s*\"([^\"]+)\"")
_MIX_NEEDS = re.compile(r"^\s*defp?\s+deps\b.*?^  end\b", re.MULTILINE | re.DOTALL)
_MIX_NEED = re.compile(r"\{\s*:(\w+)\s*,(?:\s*\"([^\"]*)\")?")
_PUB_FIELD = re.compile(r"^(name|version):\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_PUB_NEEDS = re.compile(r"^(?:dev_)?dependencies:[^\n]*\n((?:[ \t#][^\n]*\n|\n)*)", re.MULTILINE)
_PUB_NEED = re.compile(r"^ {2}(\w+):[ \t]*[\"']?([^\n\"'#]*)", re.MULTILINE)


def go_mod(path: str, content: str) -> Manifest:
    content = re.sub(r"//[^\n]*", "", content)
    module = _GO_MODULE.search(content)
    needs = tuple(Dependency(Ecosystem.GO, name, spec, path) for name, spec in _GO_NEED.findall(content))
    return Manifest(path, (Package(Ecosystem.GO, text(module[1]), "", path),) if module else (), needs)


def cargo_toml(path: str, content: str) -> Manifest:
    document = tomllib.loads(content)
    package, library = table(document, "package"), table(document, "lib")
    sections = [document, table(document, "workspace"), *table(document, "target").values()]
    needs = tuple(
        each for section in sections for key in _CARGO_NEEDS for each in _crates(table(section).get(key), path)
    )
    name = text(package.get("name"))
    if not name:
        return Manifest(path, (), needs)
    crate = (text(library.get("name")) or name).replace("-", "_")
    places = {crate: (text(library.get("path")) or "src/lib.rs",)}
    return Manifest(path, (Package(Ecosystem.RUST, name, text(package.get("version")), path),), needs, places)


def _crates(section: object, path: str) -> Iterator[Dependency]:
    for name, value in pairs(section):
        said = table(value)
        spec = said.get("version") if said else value
        yield Dependency(Ecosystem.RUST, text(said.get("package")) or text(name), text(spec, MAX_SPEC_CHARS), path)


def gemspec(path: str, content: str) -> Manifest:
    content = re.sub(r"^\s*#[^\n]*", "", content, flags=re.MULTILINE)
    name, version = _GEM.search(content), _GEM_VERSION.search(content)
    needs = tuple(
        Dependency(Ecosystem.RUBY, found, text(re.sub(r"[\"']|^\s*,\s*", "", spec), MAX_SPEC_CHARS), path)
        for found, spec in _GEM_NEED.findall(content)
    )
    packages = (Package(Ecosystem.RUBY, name[1], version[1] if version else "", path),) if name else ()
    return Manifest(path, packages, needs)


def mix_exs(path: str, content: str) -> Manifest:
    app, version = _MIX_APP.search(content), _MIX_VERSION.search(content)
    listed = _MIX_NEEDS.search(re.sub(r"^\s*#[^\n]*", "", content, flags=re.MULTILINE))
    needs = tuple(
        Dependency(Ecosystem.ELIXIR, name, text(spec, MAX_SPEC_CHARS), path)
        for name, spec in (_MIX_NEED.findall(listed[0]) if listed else ())
    )
    packages = (Package(Ecosystem.ELIXIR, app[1], version[1] if version else "", path),) if app else ()
    return Manifest(path, packages, needs)


def pubspec(path: str, content: str) -> Manifest:
    said = dict(_PUB_FIELD.findall(content))
    needs = tuple(
        Dependency(Ecosystem.DART, name, text(spec.strip(), MAX_SPEC_CHARS), path)
        for section in _PUB_NEEDS.findall(content + "\n")
        for name, spec in _PUB_NEED.findall(section)
    )
    name = text(said.get("name"))
    return Manifest(path, (Package(Ecosystem.DART, name, said.get("version", ""), path),) if name else (), needs)
