"""Python: pyproject.toml, setup.cfg, setup.py, requirements*.txt, Pipfile. Nothing of them is run."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from pampax.packages.model import Dependency, Ecosystem, Manifest, Package
from pampax.packages.values import MAX_SPEC_CHARS, items, pairs, table, text

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*([^;#]*)")


def pyproject(path: str, content: str) -> Manifest:
    document = tomllib.loads(content)
    project, poetry = table(document, "project"), table(document, "tool", "poetry")
    name = text(project.get("name")) or text(poetry.get("name"))
    version = text(project.get("version")) or text(poetry.get("version"))
    groups = [*table(project, "optional-dependencies").values(), *table(document, "dependency-groups").values()]
    written = [*items(project.get("dependencies")), *(each for group in groups for each in items(group))]
    needs = [*_required(written, path), *_of_table(table(poetry, "dependencies"), path)]
    for group in table(poetry, "group").values():
        needs += _of_table(table(group, "dependencies"), path)
    return _manifest(path, name, version, needs)


def setup_cfg(path: str, content: str) -> Manifest:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(content)
    written = parser.get("options", "install_requires", fallback="").splitlines()
    extras = parser.items("options.extras_require") if parser.has_section("options.extras_require") else []
    written += [line for _, lines in extras for line in lines.splitlines()]
    name, version = (parser.get("metadata", key, fallback="") for key in ("name", "version"))
    return _manifest(path, text(name), text(version) if ":" not in version else "", _required(written, path))


def setup_py(path: str, content: str) -> Manifest:
    """What calls of `setup` say in literals, or in names that a literal was assigned to."""
    tree = ast.parse(content)
    known = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    said: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) == "setup":
            said |= {each.arg: _literal(each.value, known) for each in node.keywords if each.arg}
    extras = [line for lines in table(said.get("extras_require")).values() for line in items(lines)]
    needs = _required([*items(said.get("install_requires")), *extras], path)
    return _manifest(path, text(said.get("name")), text(said.get("version")), needs)


def requirements(path: str, content: str) -> Manifest:
    lines = [line for line in content.splitlines() if line.strip() and line.strip()[0] not in "#-./"]
    return _manifest(path, "", "", _required(lines, path))


def pipfile(path: str, content: str) -> Manifest:
    document = tomllib.loads(content)
    sections = [table(document, "packages"), table(document, "dev-packages")]
    return _manifest(path, "", "", [each for section in sections for each in _of_table(section, path)])


def _manifest(path: str, name: str, version: str, needs: Iterable[Dependency]) -> Manifest:
    packages = (Package(Ecosystem.PYTHON, name, version, path),) if name else ()
    return Manifest(path, packages, tuple(needs))


def _required(written: Iterable[object], path: str) -> Iterator[Dependency]:
    for each in written:
        found = _REQUIREMENT.match(each) if isinstance(each, str) else None
        if found is not None and "://" not in found[0].partition("@")[0]:
            yield Dependency(Ecosystem.PYTHON, text(found[1]), text(found[2].strip(), MAX_SPEC_CHARS), path)


def _of_table(section: object, path: str) -> Iterator[Dependency]:
    for name, value in pairs(section):
        spec = value.get("version") if isinstance(value, dict) else value
        if name != "python" and text(name):
            yield Dependency(Ecosystem.PYTHON, name, text(spec, MAX_SPEC_CHARS), path)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literal(value: ast.expr, known: dict[str, ast.expr]) -> object:
    if isinstance(value, ast.Name):
        value = known.get(value.id, value)
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
