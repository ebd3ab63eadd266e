"""Files of a module that another repository names: exactly there, from where its package lies.

Unlike a module of the same repository it is not looked for by the end of its path: a wrong link would be one to a
stranger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from pampax.graph.modules import NOWHERE, SCRIPTS, Module, Modules

Find: TypeAlias = Callable[[str], Module]
# What the parts of a package of JavaScript are called, and the files of each.
Entries: TypeAlias = Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]]
# Languages that find each other's modules.
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(SCRIPTS, "script"),
        **dict.fromkeys(("java", "kotlin", "scala", "groovy"), "jvm"),
        **dict.fromkeys(("c", "cpp"), "c"),
    }
)
# Where a type's qualified name is how code anywhere names it.
NAMESPACED: Mapping[str, str] = MappingProxyType({"csharp": ".", "elixir": ".", "ruby": "::"})
_SEPARATOR = re.compile(r"\.|::|\\|/")
_SCRIPT_BUILT = re.compile(r"^(?:\./)?(?:dist|build|lib|out|es|esm|cjs)/(?:(?:esm|cjs|es|types|src)/)?")
_SCRIPT_FORM = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?$")


def family(language: str) -> str:
    return _FAMILIES.get(language, language)


def head(language: str, module: str) -> tuple[str, str]:
    """By what the module begins: enough to ask only repositories that may give it."""
    kind = family(language)
    if kind == "script":
        return kind, package_of(module)
    if kind in ("go", "dart", "c"):
        return kind, module.partition("/")[0]
    return kind, _SEPARATOR.split(module, maxsplit=1)[0]


def joined(*parts: str) -> str:
    """A path of these, of which any may be empty or `.`."""
    return "/".join(part.strip("/") for part in parts if part.strip("/."))


def looked_up(table: Mapping[str, Module]) -> Find:
    return lambda module: table.get(module, NOWHERE)


def below(modules: Modules, language: str, separator: str, roots: Mapping[str, Iterable[str]]) -> Find:
    """Below the longest top that the module begins with: for Python and Rust its first part, for PHP a prefix of
    namespaces, for Go the module of a go.mod, for Dart the package. All but Python name the root itself by it."""
    tops = sorted(roots, key=len, reverse=True)

    def find(module: str) -> Module:
        top = next((each for each in tops if module == each or module.startswith(f"{each}{separator}")), None)
        if top is None:
            return NOWHERE
        rest = [part for part in module[len(top) :].split(separator) if part]
        parts = [top, *rest] if language == "python" else rest
        found = [_at(modules, language, folder, parts) for folder in sorted(roots[top])]
        return Module(
            frozenset(path for each in found for path in each.files),
            frozenset(path for each in found for path in each.folders),
        )

    return find


def _at(modules: Modules, language: str, folder: str, parts: Sequence[str]) -> Module:
    place = [part for part in folder.split("/") if part] + list(parts)
    if language == "go":
        whole = "/".join(place)
        return Module(folders=frozenset({whole})) if modules.in_folder(whole) else NOWHERE
    if language == "rust" and not parts:
        return modules.at([*place, "lib"], language) or modules.at([*place, "main"], language)
    if language == "dart":
        place = [part.removesuffix(".dart") for part in place]
    return modules.at(place, language)


def in_packages(modules: Modules, entries: Entries, module: str) -> Module:
    """The file that is the package, or the part of it that is named. What is built of sources is not indexed, so the
    sources are looked for where they usually lie."""
    name = package_of(module)
    if name not in entries:
        return NOWHERE
    folder, places = entries[name]
    rest = module[len(name) :].strip("/")
    written = places.get(f"./{rest}" if rest else ".", ())
    sources = [source for file in written for source in _sources_of(file)]
    usual = [f"src/{rest}", rest, f"lib/{rest}"] if rest else ["src/index", "index", "lib/index", "src/main"]
    if not rest:
        usual.append(f"src/{name.rpartition('/')[2]}")
    for place in [*sources, *usual]:
        found = modules.at(joined(folder, place).split("/"), "typescript")
        if found.files:
            return found
    return NOWHERE


def _sources_of(file: str) -> list[str]:
    """`./dist/index.d.ts` is built of `src/index` or `index`."""
    plain = _SCRIPT_FORM.sub("", file.removeprefix("./"))
    source = _SCRIPT_BUILT.sub("", plain)
    return list(dict.fromkeys([plain, f"src/{source}", source]))


def package_of(module: str) -> str:
    """`@acme/lib` of `@acme/lib/sub`."""
    return "/".join(module.split("/")[: 2 if module.startswith("@") else 1])


def in_jvm_packages(modules: Modules, packages: Find) -> Find:
    """A package, or the file of a type in it."""

    def find(module: str) -> Module:
        found = packages(module)
        if found:
            return found
        package, _, name = module.rpartition(".")
        files = [
            path
            for folder in sorted(packages(package).folders)
            for path in modules.at([*folder.split("/"), name], "java").files
        ]
        return Module(frozenset(files))

    return find
