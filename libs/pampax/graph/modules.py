"""From the module that an import names to files of the repository.

Roots of packages are not configured: a module is looked for by the end of its path, wherever the repository has it, and
of several places the one nearest to the file that imports it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

MAX_FOLDER_FILES = 500
SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_SCRIPT_SUFFIX = re.compile(r"\.(?:[cm]?[jt]sx?|json)$")
# Files that stand for their folder.
_INDEX = frozenset({"__init__", "index", "mod", "lib", "init", "package"})
_SEPARATORS: Mapping[str, str] = MappingProxyType(
    {"rust": "::", "php": "\\", "c": "/", "cpp": "/", "go": "/", "dart": "/"}
)
# Where a folder is a package, whose files know each other without imports.
PACKAGE_LANGUAGES = frozenset({"go", "java", "kotlin", "scala", "csharp", "swift", "php", "dart"})
_MODULE_SUFFIXES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "python": frozenset({".py", ".pyi"}),
        **dict.fromkeys(
            SCRIPTS, frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"})
        ),
        **dict.fromkeys(("java", "kotlin", "scala"), frozenset({".java", ".kt", ".scala"})),
        "rust": frozenset({".rs"}),
        "go": frozenset({".go"}),
        "php": frozenset({".php"}),
        "ruby": frozenset({".rb"}),
        "lua": frozenset({".lua"}),
        "haskell": frozenset({".hs"}),
        "ocaml": frozenset({".ml", ".mli"}),
        "elixir": frozenset({".ex", ".exs"}),
        "dart": frozenset({".dart"}),
        "zig": frozenset({".zig"}),
        "swift": frozenset({".swift"}),
        "csharp": frozenset({".cs"}),
    }
)


@dataclass(frozen=True, slots=True)
class Module:
    """Files that are the module, and folders whose files it consists of."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.files or self.folders)

    def holds(self, path: str) -> bool:
        return path in self.files or (bool(self.folders) and path.rpartition("/")[0] in self.folders)


NOWHERE = Module()


class Modules:
    """Of the paths of one snapshot. Building takes about a microsecond a path."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_stem: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self._folders: dict[str, list[str]] = {}  # by their last part
        self._in_folder: dict[str, list[str]] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            stem = name.partition(".")[0]
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(stem, []).append(path)
            if stem in _INDEX:
                self._by_stem.setdefault(folder.rpartition("/")[2], []).append(path)
            self._in_folder.setdefault(folder, []).append(path)
        for folder in self._in_folder:
            self._folders.setdefault(folder.rpartition("/")[2], []).append(folder)

    def in_folder(self, folder: str) -> Sequence[str]:
        return self._in_folder.get(folder, ())[:MAX_FOLDER_FILES]

    def names_of(self, path: str) -> set[str]:
        """By which last words other files may import this one."""
        pure = PurePosixPath(path)
        stem = pure.name.partition(".")[0]
        return {stem, pure.parent.name} if stem in _INDEX else {stem, pure.parent.name, pure.name}

    def find(self, module: str, path: str, language: str) -> Module:
        """What `module`, as a file at `path` writes it, means; empty for code from elsewhere."""
        if language in ("c", "cpp"):
            return self._included(module, path)
        relative, parts = _parts(module, path, language)
        if relative is not None:
            return self.at([*relative, *parts], language)
        if language == "go":
            return self._go(parts, path)
        return self._ending(parts, path, language)

    def _included(self, module: str, path: str) -> Module:
        beside = _joined(path.rpartition("/")[0], module)
        named = self._by_name.get(module.rpartition("/")[2], ())
        if beside in named:
            return Module(frozenset({beside}))
        wanted = [part for part in module.split("/") if part not in (".", "..")]
        ending = [each for each in named if each.split("/")[-len(wanted) :] == wanted]
        return Module(frozenset(_nearest(ending, path)))

    def at(self, parts: Sequence[str], language: str) -> Module:
        """Exactly there: a file by its path without suffix, one that stands for its folder, or a folder."""
        whole = "/".join(parts)
        suffixes = _MODULE_SUFFIXES.get(language, frozenset())
        written = (whole, _SCRIPT_SUFFIX.sub("", whole))
        stem = parts[-1].partition(".")[0] if parts else ""
        files = {
            each
            for each in self._by_stem.get(stem, ())
            if each == whole
            or (
                PurePosixPath(each).suffix in suffixes
                and (_without_suffix(each) in written or _is_index_of(each, whole))
            )
        }
        if not files and language in PACKAGE_LANGUAGES and whole in self._in_folder:
            return Module(folders=frozenset({whole}))
        return Module(frozenset(files))

    def _go(self, parts: Sequence[str], path: str) -> Module:
        """A folder whose path the module's path ends in; a short one may be of the standard library."""
        last = parts[-1] if parts else ""
        found = [
            folder
            for folder in self._folders.get(last, ())
            if folder and list(parts)[-folder.count("/") - 1 :] == folder.split("/")
        ]
        return Module(folders=frozenset(_nearest(found, path))) if found and len(parts) > 1 else Module()

    def _ending(self, parts: Sequence[str], path: str, language: str) -> Module:
        """Wherever a path ends in all the parts."""
        if not parts:
            return Module()
        suffixes = _MODULE_SUFFIXES.get(language, frozenset())
        wanted = list(parts)
        last = wanted[-1]
        stems = [last, last[:1].lower() + last[1:], _snake(last)] if language in ("ocaml", "elixir") else [last]
        files = [
            each
            for stem in dict.fromkeys(stems)
            for each in self._by_stem.get(stem, ())
            if PurePosixPath(each).suffix in suffixes and _ends_in(each, [*wanted[:-1], stem], language)
        ]
        if files:
            return Module(frozenset(_nearest(files, path)))
        if language in PACKAGE_LANGUAGES:
            folders = [each for each in self._folders.get(last, ()) if each.split("/")[-len(wanted) :] == wanted]
            return Module(folders=frozenset(folders))
        return Module()


def _nearest(found: Sequence[str], path: str) -> list[str]:
    """Those that share most of their beginning with the path."""
    if len(found) < 2:
        return list(found)
    own = path.split("/")
    shared = [_shared_beginning(each.split("/"), own) for each in found]
    return [each for each, count in zip(found, shared, strict=True) if count == max(shared)]


def _parts(module: str, path: str, language: str) -> tuple[list[str] | None, list[str]]:
    """Where a relative module begins, None for an absolute one, and the parts of its path."""
    folder = path.split("/")[:-1]
    if language == "python":
        dots = len(module) - len(module.lstrip("."))
        parts = [part for part in module.split(".") if part]
        return (folder[: len(folder) - dots + 1] if dots else None), parts
    if language == "rust":
        return _rust_parts(module, path)
    if language in SCRIPTS or language in ("ruby", "lua", "dart", "zig", "bash"):
        module = re.sub(r"^(?:package:[^/]+/|@/|~/)", "", module)
        if module.startswith(".") or language in ("zig", "bash"):
            return [], _joined("/".join(folder), module).split("/")
        separator = "." if language == "lua" and "/" not in module else "/"
        return None, module.removesuffix(".dart").split(separator)
    return None, [part for part in module.split(_SEPARATORS.get(language, ".")) if part]


def _rust_parts(module: str, path: str) -> tuple[list[str] | None, list[str]]:
    parts = module.split("::")
    folder = path.split("/")[:-1]
    stem = path.rpartition("/")[2].removesuffix(".rs")
    here = folder if stem in ("mod", "lib", "main") else [*folder, stem]
    if parts[0] == "self":
        return here, parts[1:]
    if parts[0] == "super":
        ups = next((at for at, part in enumerate(parts) if part != "super"), len(parts))
        return here[: len(here) - ups], parts[ups:]
    if parts[0] == "crate":
        root = folder[: folder.index("src") + 1] if "src" in folder else []
        return root, parts[1:]
    return None, parts


def _joined(folder: str, module: str) -> str:
    kept: list[str] = []
    for part in f"{folder}/{module}".split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept)


def _without_suffix(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"


def _is_index_of(path: str, whole: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == whole and name.partition(".")[0] in _INDEX


def _ends_in(path: str, wanted: Sequence[str], language: str) -> bool:
    whole = _without_suffix(path)
    if _is_index_of(path, path.rpartition("/")[0]) and whole.rpartition("/")[2] != wanted[-1]:
        whole = whole.rpartition("/")[0]
    parts = whole.split("/")
    if language == "elixir":  # folders are written small
        parts, wanted = [_snake(part) for part in parts[-1:]], [_snake(wanted[-1])]
    if language == "python" and len(parts) < len(wanted):
        return False
    return parts[-len(wanted) :] == list(wanted)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _shared_beginning(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
