"""Import statements of all languages in one form: which module, which name of it, and what the file calls it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

EVERYTHING = "*"  # all names of the module
_MAX_NAMES = 1_000  # of one statement


class Imported(NamedTuple):
    """`module` as written, with its dots and slashes (`..core.errors`, `./util`, `crate::net`, `net/http`); `name` is
    what is taken from it, "" for the module itself and EVERYTHING for all; `local` is what the file calls that."""

    module: str
    name: str
    local: str
    line: int


_Parts = Iterator[tuple[str, str, str]]  # module, name, local

_AS = re.compile(r"\s+as\s+|\s*=>\s*|:\s*")
_PYTHON_FROM = re.compile(r"from\s+([.\w]+)\s+import\s+(.*)", re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?\*/|--[^\n]*", re.DOTALL)
_QUOTED = re.compile(r"""["'`]([^"'`\n]+)["'`]""")
_SCRIPT_CLAUSE = re.compile(r"^(?:import|export)\s+(?:type\s+)?(.*?)\s*\bfrom\b", re.DOTALL)
_REQUIRED = re.compile(
    r"""^(?:local\s+|const\s+|let\s+|var\s+)?(\{[^}]*\}|\w+)\s*=\s*(?:\w+\()?require\s*\(?\s*["']([^"']+)["']"""
)
_BRACES = re.compile(r"\{(.*?)\}", re.DOTALL)
_DOTTED = re.compile(
    r"^(?:import|using|open|alias|use|require)\s+(?:global\s+)?(?:static\s+|qualified\s+)?(?:(\w+)\s*=\s*)?([\w.]+?)(\.[*_])?"
    r"(?:\s+as\s+(\w+)|,\s*as:\s*([\w.]+))?\s*(?:[;({].*|$|,.*|hiding.*)",
    re.DOTALL,
)
_GROUPED = re.compile(r"^(?:import|alias|use)\s+([\w.\\]+?)[.\\]?\{(.*)\}", re.DOTALL)
_PHP = re.compile(r"^use\s+(?:function\s+|const\s+)?\\?([\w\\]+)(?:\s+as\s+(\w+))?")
_ZIG = re.compile(r"(?:const|var)\s+(\w+)\s*=\s*@import\(\s*\"([^\"]+)\"\s*\)(?:\.(\w+))?")
_HASKELL_NAMES = re.compile(r"\((.*)\)", re.DOTALL)


def imported_by(language: str, text: str, line: int) -> list[Imported]:
    """What the text of a statement brings in; nothing where it is not read as an import."""
    read = _READERS.get(language)
    if read is None:
        return []
    found = read(_COMMENT.sub(" ", text).strip() if language not in _COMMENTS_ARE_CODE else text.strip())
    return [Imported(module, name, local, line) for module, name, local in _some(found) if module]


def _some(found: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    for number, each in enumerate(found):
        if number == _MAX_NAMES:
            return
        yield each


def _python(text: str) -> _Parts:
    found = _PYTHON_FROM.match(text)
    if found is not None:
        for name, local in _names(found[2].strip("() \n")):
            yield found[1], name, local
        return
    for module, local in _names(text.removeprefix("import")):
        # `import a.b` binds a, and code goes on to say a.b.c.
        yield module, "", local


def _script(text: str) -> _Parts:
    required = _REQUIRED.match(text)
    if required is not None:
        yield from _script_names(required[1], required[2])
        return
    modules = _QUOTED.findall(text)
    if not modules:
        return
    clause = _SCRIPT_CLAUSE.match(text)
    if clause is None:
        yield modules[-1], "", ""
        return
    yield from _script_names(_COMMENT.sub(" ", clause[1]), modules[-1])


def _script_names(clause: str, module: str) -> _Parts:
    braces = _BRACES.search(clause)
    if braces is not None:
        for name, local in _names(braces[1].replace("type ", " ")):
            yield module, name, local
    for part in _BRACES.sub("", clause).split(","):
        whole, _, local = part.strip().partition(" as ")
        if whole == EVERYTHING:
            yield module, "" if local else EVERYTHING, local.strip()
        elif whole.isidentifier():
            yield module, "default", whole


def _dotted(text: str) -> _Parts:
    """Java, Kotlin, Scala, C#, Swift, Elixir, Haskell, OCaml: a path with dots, of which the last part is a name."""
    grouped = _GROUPED.match(text)
    if grouped is not None:
        for name, local in _names(grouped[2]):
            yield grouped[1], EVERYTHING if name in ("*", "_") else name, "" if name in ("*", "_") else local
        return
    found = _DOTTED.match(text)
    if found is None:
        return
    path, everything = found[2], found[3]
    local = found[1] or found[4] or found[5] or path.rpartition(".")[2]
    if everything:
        yield path, EVERYTHING, ""
    else:
        module, _, name = path.rpartition(".")
        yield (module, name, local) if module else (name, "", local)


def _haskell(text: str) -> _Parts:
    found = _DOTTED.match(text.replace("safe ", ""))
    if found is None:
        return
    module = found[2]
    yield module, EVERYTHING, found[4] or module


def _go(text: str) -> _Parts:
    module = next(iter(_QUOTED.findall(text)), "")
    local = text.partition('"')[0].strip()
    yield module, EVERYTHING if local == "." else "", local.strip(". _") or _go_package(module)


def _go_package(module: str) -> str:
    """The last part that is no version: `gopkg.in/yaml.v3` is yaml, `github.com/a/b/v2` is b."""
    parts = [part for part in module.split("/") if not re.fullmatch(r"v\d+", part)]
    return re.sub(r"\.v\d+$", "", parts[-1]) if parts else module


def _rust(text: str) -> _Parts:
    text = re.sub(r"^(?:pub(?:\([^)]*\))?\s+)?", "", text).rstrip("; ")
    if text.startswith("mod "):
        name = text.removeprefix("mod ").strip()
        yield f"self::{name}", "", name
    elif text.startswith("use "):
        yield from _rust_tree(text.removeprefix("use ").strip(), "")


def _rust_tree(text: str, before: str) -> _Parts:
    """`a::{b, c::{d as e, *}}`; `before` is the path in front."""
    opened = text.find("{")
    if opened < 0:
        path, _, local = text.partition(" as ")
        whole = f"{before}{path.strip()}"
        module, _, name = whole.rpartition("::")
        if name == "self":
            yield module, "", local.strip() or module.rpartition("::")[2]
        elif name == EVERYTHING:
            yield module, EVERYTHING, ""
        elif name:
            yield module or name, name if module else "", local.strip() or name
        return
    prefix = f"{before}{text[:opened].strip()}"
    for part in _split(text[opened + 1 : text.rfind("}")]):
        yield from _rust_tree(part.strip(), prefix)


def _split(text: str) -> Iterator[str]:
    """At the commas that stand in no braces."""
    depth, start = 0, 0
    for at, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _included(text: str) -> _Parts:
    found = re.search(r'"([^"]+)"|<([^>]+)>', text)
    if found is not None:
        yield found[1] or found[2], EVERYTHING, ""


def _php(text: str) -> _Parts:
    grouped = _GROUPED.match(text)
    if grouped is not None:
        for name, local in _names(grouped[2]):
            yield grouped[1], name, local
        return
    found = _PHP.match(text)
    if found is not None:
        module, _, name = found[1].rpartition("\\")
        yield module or name, name if module else "", found[2] or name


def _quoted_module(text: str) -> _Parts:
    """Ruby, Dart, Bash: the whole of a file."""
    found = _QUOTED.findall(text)
    module = found[0] if found else text.split()[-1]
    yield (f"./{module}" if text.startswith("require_relative") else module), EVERYTHING, ""


def _required(text: str) -> _Parts:
    found = _REQUIRED.match(text)
    if found is not None:
        yield found[2], "", found[1]


def _zig(text: str) -> _Parts:
    found = _ZIG.search(text)
    if found is not None:
        yield found[2], found[3] or "", found[1]


def _names(text: str) -> Iterator[tuple[str, str]]:
    """(name, what it is called) of a list with commas."""
    for part in text.split(","):
        name, *local = _AS.split(part.strip(), maxsplit=1)
        if name:
            yield name.strip(), (local[0] if local else name).strip()


_COMMENTS_ARE_CODE = frozenset(
    {"c", "cpp", "bash", "ruby", "dart", "go", "javascript", "typescript", "tsx", "lua", "zig"}
)
_READERS: Mapping[str, Callable[[str], _Parts]] = MappingProxyType(
    {
        "python": _python,
        **dict.fromkeys(("javascript", "typescript", "tsx"), _script),
        **dict.fromkeys(("java", "kotlin", "scala", "csharp", "swift", "elixir", "ocaml"), _dotted),
        "haskell": _haskell,
        "go": _go,
        "rust": _rust,
        **dict.fromkeys(("c", "cpp"), _included),
        "php": _php,
        **dict.fromkeys(("ruby", "dart", "bash"), _quoted_module),
        "lua": _required,
        "zig": _zig,
    }
)
