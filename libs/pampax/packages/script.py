"""JavaScript and TypeScript (package.json), PHP (composer.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pampax.packages.model import Dependency, Ecosystem, Manifest, Package
from pampax.packages.values import MAX_SPEC_CHARS, items, pairs, table, text

_NEEDS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
# Where a package begins, the sources before what is built of them.
_ENTRIES = ("source", "types", "typings", "module", "main", "browser")
MAX_PLACES = 500  # of a package
_MAX_DEPTH = 6  # of conditions in an export


def package_json(path: str, content: str) -> Manifest:
    document = _document(content)
    needs = tuple(
        Dependency(Ecosystem.NODE, text(name), text(spec, MAX_SPEC_CHARS), path)
        for section in _NEEDS
        for name, spec in pairs(document.get(section))
        if text(name)
    )
    name = text(document.get("name"))
    if not name:
        return Manifest(path, (), needs)
    package = Package(Ecosystem.NODE, name, text(document.get("version")), path)
    return Manifest(path, (package,), needs, _entries(document))


def composer_json(path: str, content: str) -> Manifest:
    document = _document(content)
    needs = tuple(
        Dependency(Ecosystem.PHP, name, text(spec, MAX_SPEC_CHARS), path)
        for section in ("require", "require-dev")
        for name, spec in pairs(document.get(section))
        if "/" in text(name)  # not PHP itself and its extensions
    )
    name = text(document.get("name"))
    packages = (Package(Ecosystem.PHP, name, text(document.get("version")), path),) if name else ()
    places = {
        prefix.strip("\\"): tuple(folder.strip("/") for folder in folders if isinstance(folder, str))
        for prefix, written in pairs(table(document, "autoload", "psr-4"))
        if (folders := items(written) or [written])
    }
    return Manifest(path, packages, needs, dict(list(places.items())[:MAX_PLACES]))


def _document(content: str) -> dict[str, Any]:
    document = json.loads(content.removeprefix("\ufeff"))
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    return document


def _entries(document: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    exports = document.get("exports")
    # Without a subpath, what is said is said of the package itself.
    if not isinstance(exports, dict) or not any(str(key).startswith(".") for key in exports):
        exports = {".": exports}
    found = {text(key): tuple(_files(value, 0)) for key, value in exports.items() if text(key)}
    main = [file for key in _ENTRIES if (file := text(document.get(key)))]
    found["."] = (*dict.fromkeys([*main, *found.get(".", ())]),)
    return dict(list(found.items())[:MAX_PLACES])


def _files(value: object, depth: int) -> Iterator[str]:
    """Of an export, whatever its conditions."""
    if isinstance(value, str) and text(value):
        yield value
    elif isinstance(value, dict) and depth < _MAX_DEPTH:
        for each in value.values():
            yield from _files(each, depth + 1)
    elif isinstance(value, list) and depth < _MAX_DEPTH:
        for each in value:
            yield from _files(each, depth + 1)
