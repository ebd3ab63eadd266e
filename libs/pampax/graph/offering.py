"""By which modules code of other repositories may import what is here, language by language."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from pampax.graph.finding import NAMESPACED, Find, below, family, head, in_jvm_packages, in_packages, joined, looked_up
from pampax.graph.model import is_test_path
from pampax.graph.modules import Module, Modules
from pampax.packages.model import Ecosystem, Manifest, Package, folded
from pampax.packages.reading import is_aside

Places: TypeAlias = Mapping[str, tuple[str, ...]]
# Roots of packages, the surest first.
_JVM_ROOTS = (
    re.compile(r"^(?:.*?/)?src/[^/]+/(?:java|kotlin|scala[^/]*|groovy)/"),
    re.compile(r"^(?:.*?/)?src/"),
    re.compile(r"^(?:.*?/)?(?:java|kotlin|scala|app)/"),
)
# Without such a root a package is one that begins as a domain does.
_DOMAIN = re.compile(r"(?:com|org|net|io|dev|edu|de|uk|fr|ru|jp|cn)/")
# The language's own, which a folder of another's code may be called as well.
_BUILT_IN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "python": frozenset(sys.stdlib_module_names),
        "jvm": frozenset({"java", "javax", "jdk", "kotlin", "scala", "sun"}),
        "csharp": frozenset({"System"}),
    }
)
_PYTHON_ASIDE = frozenset({"tests", "test", "docs", "doc", "examples", "scripts", "benchmarks", "setup", "conftest"})
_BELOW: tuple[tuple[str, str], ...] = (("python", "."), ("rust", "::"), ("dart", "/"), ("php", "\\"), ("go", "/"))


class Source(NamedTuple):
    """A live file."""

    path: str
    language: str


class Offer:
    """What is put together while files and manifests are gone through. `names`: modules for people, by language;
    `heads` and `published` as `pampax.graph.provided` has them."""

    def __init__(self, sources: Iterable[Source], modules: Modules, manifests: Sequence[Manifest]) -> None:
        self.code = [each for each in sources if _is_given(each.path)]
        self.names: dict[str, set[str]] = {}
        self.heads: set[tuple[str, str]] = set()
        self.published: set[tuple[str, str]] = set()
        self.tables: dict[str, dict[str, Module]] = {}
        self.roots: dict[str, dict[str, set[str]]] = {}  # by language and top module: folders in which it lies
        self.entries: dict[str, tuple[str, Places]] = {}  # of JavaScript
        self._modules = modules
        self._manifests = manifests

    def packages(self, ecosystem: Ecosystem) -> list[Package]:
        return [each for manifest in self._manifests for each in manifest.packages if each.ecosystem is ecosystem]

    def give(self, language: str, module: str, *, published: bool, shown: bool = True) -> None:
        """That modules which begin as this one does are given; `shown` to people."""
        if shown:
            self.names.setdefault(family(language), set()).add(module)
        self.heads.add(head(language, module))
        if published:
            self.published.add(head(language, module))

    def root(self, language: str, top: str, folder: str) -> None:
        self.roots.setdefault(language, {}).setdefault(top, set()).add(folder)

    def finders(self) -> dict[str, Find]:
        """By family of languages."""
        found: dict[str, Find] = {kind: looked_up(table) for kind, table in self.tables.items()}
        for language, separator in _BELOW:
            if language in self.roots:
                found[language] = below(self._modules, language, separator, self.roots[language])
        if self.entries:
            found["script"] = lambda module: in_packages(self._modules, self.entries, module)
        found["jvm"] = in_jvm_packages(self._modules, found["jvm"])
        return found


def offer_of(
    sources: Sequence[Source],
    modules: Modules,
    manifests: Sequence[Manifest],
    types: Mapping[str, Mapping[str, Sequence[str]]],
) -> Offer:
    """`types`: paths by qualified name, for the languages of NAMESPACED. Cost: some microseconds a file."""
    offer = Offer(sources, modules, manifests)
    for add in (_python, _jvm, _headers, _ruby_files):
        add(offer)
    for manifest in manifests:
        for package in manifest.packages:
            if package.ecosystem in _OF_PACKAGE:
                _OF_PACKAGE[package.ecosystem](offer, package, manifest.places)
    for language, qualified in types.items():
        _types(offer, language, qualified)
    return offer


def _is_given(path: str) -> bool:
    return not is_aside(path) and not is_test_path(path)


# Python ---------------------------------------------------------------------------------------------------------------


def _python(offer: Offer) -> None:
    """Packages and modules below the folders of manifests and their `src`; regular packages at any place where there is
    no manifest. A folder that is called as a published package is one, wherever it lies."""
    paths = [each.path for each in offer.code if each.language == "python"]
    named: dict[str, set[str]] = {}
    for package in offer.packages(Ecosystem.PYTHON):
        name = folded(Ecosystem.PYTHON, package.name)
        named.setdefault(package.folder, set()).update({name.replace("-", "_"), name.partition("-")[0]})
    regular = {path.rpartition("/")[0] for path in paths if path.endswith(("/__init__.py", "/__init__.pyi"))}
    for top in sorted(set(_python_tops(paths, regular))):
        if top.name in _BUILT_IN["python"] or top.name in _PYTHON_ASIDE:
            continue
        if _is_importable(top, named) if named else not top.is_file and top.is_regular:
            offer.give("python", top.name, published=bool(named))
            offer.root("python", top.name, top.folder)


class _Top(NamedTuple):
    """What may be imported without anything in front: a module, or a package, which is regular with an `__init__`."""

    name: str
    folder: str
    is_file: bool
    is_regular: bool


def _is_importable(top: _Top, named: Mapping[str, set[str]]) -> bool:
    """`named`: how packages that are published may be called, by the folder of their manifest."""
    in_source = top.folder == "src" or top.folder.endswith("/src")
    manifest_folder = top.folder.removesuffix("src").rstrip("/") if in_source else top.folder
    if top.name in named.get(manifest_folder, ()):
        return True
    if not top.is_file and any(top.name in names for names in named.values()):
        return True
    return manifest_folder in named and (in_source or top.is_regular)


def _python_tops(paths: Iterable[str], regular: set[str]) -> Iterator[_Top]:
    """Of a folder without `__init__` every part may be a top."""
    for path in paths:
        *folders, name = path.split("/")
        yield _Top(name.partition(".")[0], "/".join(folders), is_file=True, is_regular=False)
        for at in range(len(folders)):
            if "/".join(folders[:at]) not in regular:
                whole = "/".join(folders[: at + 1])
                yield _Top(folders[at], "/".join(folders[:at]), is_file=False, is_regular=whole in regular)


# JavaScript, and others whose manifests say it all --------------------------------------------------------------------


def _node_package(offer: Offer, package: Package, places: Places) -> None:
    offer.give("javascript", package.name, published=True)
    offer.entries.setdefault(package.name, (package.folder, places))


# Java, Kotlin and Scala -----------------------------------------------------------------------------------------------


def _jvm(offer: Offer) -> None:
    """Packages as the folders say them, from where sources begin."""
    folders: dict[str, set[str]] = {}
    for each in offer.code:
        if family(each.language) == "jvm" and "/" in each.path and not each.path.endswith((".gradle", ".kts", ".sbt")):
            folder = each.path.rpartition("/")[0]
            folders.setdefault(_jvm_package(folder), set()).add(folder)
    table = offer.tables["jvm"] = {package: Module(folders=frozenset(held)) for package, held in folders.items()}
    table.pop("", None)
    published = bool(offer.packages(Ecosystem.JVM))
    for package in sorted(table):
        if package.partition(".")[0] not in _BUILT_IN["jvm"]:
            parts = package.split(".")
            inside = any(".".join(parts[:at]) in table for at in range(1, len(parts)))
            offer.give("java", package, published=published, shown=not inside)


def _jvm_package(folder: str) -> str:
    for root in _JVM_ROOTS:
        found = root.match(f"{folder}/")
        if found is not None:
            return folder[found.end() :].replace("/", ".")
    return folder.replace("/", ".") if _DOMAIN.match(folder) else ""


def _go_module(offer: Offer, package: Package, _places: Places) -> None:
    offer.give("go", package.name, published=True)
    offer.root("go", package.name, package.folder)


def _crate(offer: Offer, package: Package, places: Places) -> None:
    for name, (file, *_) in places.items():
        offer.give("rust", name, published=True)
        offer.root("rust", name, joined(package.folder, file.rpartition("/")[0]))


def _php_package(offer: Offer, package: Package, places: Places) -> None:
    for prefix, folders in places.items():
        if prefix:
            offer.give("php", prefix, published=True)
            for folder in folders:
                offer.root("php", prefix, joined(package.folder, folder))


def _dart_package(offer: Offer, package: Package, _places: Places) -> None:
    offer.give("dart", f"package:{package.name}", published=True)
    offer.root("dart", f"package:{package.name}", joined(package.folder, "lib"))


_OF_PACKAGE: Mapping[Ecosystem, Callable[[Offer, Package, Places], None]] = MappingProxyType(
    {
        Ecosystem.NODE: _node_package,
        Ecosystem.GO: _go_module,
        Ecosystem.RUST: _crate,
        Ecosystem.PHP: _php_package,
        Ecosystem.DART: _dart_package,
    }
)


# Ruby, and languages whose types are named in full --------------------------------------------------------------------


def _ruby_files(offer: Offer) -> None:
    folders = {joined(package.folder, "lib") for package in offer.packages(Ecosystem.RUBY)}
    table = offer.tables.setdefault("ruby", {})
    for each in offer.code:
        folder = next((one for one in folders if each.path.startswith(f"{one}/")), None)
        if each.language == "ruby" and folder is not None:
            name = each.path.removeprefix(f"{folder}/").removesuffix(".rb")
            table[name] = Module(frozenset({each.path}))
            offer.give("ruby", name, published=True, shown="/" not in name)


def _types(offer: Offer, language: str, qualified: Mapping[str, Sequence[str]]) -> None:
    """A type by its name in full, and a namespace with all that is in it. Of Ruby only what a gem is called
    after: what else is opened there may be anybody's."""
    separator = NAMESPACED[language]
    gems = [_plain(each.name) for each in offer.packages(Ecosystem.RUBY)]
    found: dict[str, set[str]] = {}
    for name, paths in qualified.items():
        top = name.partition(".")[0]
        kept = {path for path in paths if _is_given(path)}
        stranger = language == "ruby" and not any(_begin_alike(_plain(top), gem) for gem in gems)
        if kept and not stranger and top not in _BUILT_IN.get(language, ()):
            for each in (name,) if language == "elixir" else (name.rpartition(".")[0], name):
                found.setdefault(each.replace(".", separator), set()).update(kept)
    found.pop("", None)
    table = offer.tables.setdefault(language, {})
    for name, held in found.items():
        table.setdefault(name, Module(frozenset(held)))
        offer.give(language, name, published=False, shown=separator not in name)


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


# C and C++ ------------------------------------------------------------------------------------------------------------


def _headers(offer: Offer) -> None:
    """What lies below a folder `include`, which other projects get to see."""
    table: dict[str, set[str]] = {}
    for each in offer.code:
        _, found, name = f"/{each.path}".rpartition("/include/")
        if family(each.language) == "c" and found:
            table.setdefault(name, set()).add(each.path)
    offer.tables["c"] = {name: Module(frozenset(paths)) for name, paths in table.items()}
    for name in sorted(table):
        offer.give("c", name, published=False, shown="/" not in name)
        offer.names.setdefault("c", set()).add(name.partition("/")[0])
