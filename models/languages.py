"""What the line rule has to know of a language: its file names, its comments and the words that open a definition."""

from __future__ import annotations

import re
from dataclasses import dataclass

_C_BLOCK = ("/*", "*/")


@dataclass(frozen=True, slots=True)
class Language:
    """How comments are written: line markers, the longest first, and one pair of block markers."""

    name: str
    line: tuple[str, ...] = ("///", "//!", "//")
    block: tuple[str, str] | None = _C_BLOCK


PYTHON = Language("python", ("#",), None)
_RUST = Language("rust")
_HASKELL = Language("haskell", ("-- |", "-- ^", "--"), ("{-", "-}"))
_SHELL = Language("bash", ("#",), None)
_JAVASCRIPT, _TYPESCRIPT, _C, _CPP = map(Language, ("javascript", "typescript", "c", "cpp"))
_KOTLIN, _SCALA, _RUBY = Language("kotlin"), Language("scala"), Language("ruby", ("#",), ("=begin", "=end"))
_ELIXIR, _OCAML = Language("elixir", ("#",), ('@doc """', '"""')), Language("ocaml", (), ("(*", "*)"))

BY_SUFFIX = {
    ".py": PYTHON, ".js": _JAVASCRIPT, ".mjs": _JAVASCRIPT, ".cjs": _JAVASCRIPT, ".jsx": _JAVASCRIPT,
    ".ts": _TYPESCRIPT, ".tsx": _TYPESCRIPT, ".mts": _TYPESCRIPT, ".java": Language("java"), ".go": Language("go"),
    ".rs": _RUST, ".c": _C, ".h": _C, ".cc": _CPP, ".cpp": _CPP, ".cxx": _CPP, ".hpp": _CPP, ".hh": _CPP, ".mm": _CPP,
    ".cs": Language("csharp"), ".php": Language("php", ("//", "#")), ".rb": _RUBY, ".kt": _KOTLIN, ".kts": _KOTLIN,
    ".scala": _SCALA, ".swift": Language("swift"), ".lua": Language("lua", ("---", "--"), ("--[[", "]]")),
    ".hs": _HASKELL, ".ex": _ELIXIR, ".exs": _ELIXIR, ".sh": _SHELL, ".bash": _SHELL, ".zsh": _SHELL,
    ".dart": Language("dart"), ".zig": Language("zig"), ".ml": _OCAML, ".mli": _OCAML,
}  # fmt: skip

# A definition's first line by its keyword; group 1 is the keyword, group 2 the name.
KEYWORD = re.compile(
    r"^(?:export |default |pub(?:\([a-z]+\))? |public |private |protected |internal |open |abstract |final |sealed |"
    r"static |async |override |inline |unsafe |extern |data |case |partial |readonly |virtual |suspend |"
    r"implicit |lazy |local |const |declare |mutating |@\w+(?:\([^)]*\))? )*"
    r"(function\*?|func|fun|fn|def|defp|defmacro|class|struct|interface|trait|protocol|enum|object|impl|module|defmodule|"
    r"type|newtype|instance|extension|actor|record|namespace|macro|macro_rules!|let|and|val|const)\s+"
    r"(?:rec )?(?:\([^)]*\)\s*)?(?:<[^>]*>\s*)?(?:self\.)?([A-Za-z_][\w.:?!']*)",
)
CLASS_WORDS = {"class", "struct", "interface", "trait", "protocol", "enum", "object", "record", "actor", "impl"}
CLASS_WORDS |= {"module", "defmodule", "namespace", "type", "newtype"}
# Or by its form: a name, an argument list, an opening brace (C, C++, Java, C#, methods of JavaScript, shell) or `=>`.
CALL_FORM = re.compile(r"([A-Za-z_~][\w:]*)\s*(?:=\s*(?:async )?)?\([^;]*$")
HASKELL_SIGNATURE = re.compile(r"^([a-z][\w']*)\s+::")
CONTROL = re.compile(
    r"^[}\s]*(if|else|for|foreach|while|switch|case|return|catch|try|do|throw|new|await|yield|using|lock|assert|elif|"
    r"unless|until|when|match|with|go|defer|select|goto|delete|sizeof|import|include|require|use|package)\b",
)
# At the indentation of its first line, these still belong to a block.
CONTINUES = re.compile(
    r"^([{})\]]|(end|else|elsif|elif|rescue|ensure|except|finally|catch|fi|done|then|do|where|esac)\b)"
)
