"""Which language a file is written in, told from its name, then its extension, then its first line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType

PLAIN_TEXT = "text"
# Languages with a grammar: their chunks follow definitions and their symbols come from the syntax tree.
_SYNTAX_LANGUAGES_TEXT = """
    bash c cpp csharp dart elixir go haskell java javascript kotlin lua ocaml php python ruby rust scala swift tsx
    typescript zig
"""
SYNTAX_LANGUAGES: frozenset[str] = frozenset(_SYNTAX_LANGUAGES_TEXT.split())

_EXTENSIONS = """
ada: adb ads
asciidoc: adoc asciidoc
assembly: s asm nasm
astro: astro
bash: sh bash zsh ksh bats ebuild
batch: bat cmd
bazel: bzl bazel star
c: c h inc
clojure: clj cljs cljc edn
cmake: cmake
cobol: cob cbl cpy
coffeescript: coffee
cpp: cc cpp cxx c++ hpp hh hxx h++ ipp tpp inl ino
crystal: cr
csharp: cs csx
css: css
csv: csv tsv
cuda: cu cuh
cython: pyx pxd pxi
d: d
dart: dart
diff: diff patch
elixir: ex exs
elm: elm
erb: erb
erlang: erl hrl
fish: fish
fortran: f f77 f90 f95 f03 f08 for
fsharp: fs fsi fsx
gleam: gleam
glsl: glsl vert frag geom comp wgsl hlsl metal
go: go
gradle: gradle
graphql: graphql gql graphqls
groovy: groovy gvy
haskell: hs lhs
hcl: tf tfvars hcl nomad
html: html htm xhtml
ini: ini cfg conf properties editorconfig
java: java
javascript: js mjs cjs jsx es6
json: json jsonc json5 jsonl ndjson geojson ipynb webmanifest har
julia: jl
kotlin: kt kts
latex: tex sty cls bib
less: less
lisp: lisp lsp el scm ss rkt
lua: lua luau
makefile: mk mak
markdown: md markdown mdown mkd mdx rmd qmd
matlab: m
mojo: mojo
nim: nim nims
nix: nix
objective-cpp: mm
ocaml: ml mli mll mly
pascal: pas dpr pp lpr
perl: pl pm t pod
php: php php3 php4 php5 phtml
powershell: ps1 psm1 psd1
prisma: prisma
prolog: pro
protobuf: proto
purescript: purs
python: py pyi pyw py3 gyp gypi wsgi
r: r
rescript: res resi
restructuredtext: rst rest
ruby: rb rake gemspec ru podspec rbi
rust: rs
scala: scala sc sbt
scss: scss sass
solidity: sol
sql: sql ddl pgsql psql
starlark: starlark
svelte: svelte
swift: swift
systemverilog: sv svh
tcl: tcl
text: txt text log
thrift: thrift
toml: toml
tsx: tsx
typescript: ts mts cts
vhdl: vhd vhdl
verilog: v vh
vim: vim
vue: vue
xml: xml xsd xsl xslt svg plist csproj vbproj fsproj props targets wsdl resx
yaml: yaml yml
zig: zig zon
"""

_FILE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "cmakelists.txt": "cmake",
        "makefile": "makefile",
        "gnumakefile": "makefile",
        "dockerfile": "dockerfile",
        "containerfile": "dockerfile",
        "jenkinsfile": "groovy",
        "vagrantfile": "ruby",
        "gemfile": "ruby",
        "rakefile": "ruby",
        "podfile": "ruby",
        "brewfile": "ruby",
        "fastfile": "ruby",
        "build": "bazel",
        "workspace": "bazel",
        "sconstruct": "python",
        "sconscript": "python",
        "wscript": "python",
        "tiltfile": "starlark",
        "justfile": "just",
        "go.mod": "gomod",
        "go.work": "gomod",
        "pipfile": "toml",
        "cargo.lock": "toml",
        "poetry.lock": "toml",
        "uv.lock": "toml",
        "pipfile.lock": "json",
        "composer.lock": "json",
        "flake.lock": "json",
        ".bashrc": "bash",
        ".bash_profile": "bash",
        ".profile": "bash",
        ".zshrc": "bash",
        ".envrc": "bash",
        "pkgbuild": "bash",
        ".gitconfig": "ini",
        ".gitmodules": "ini",
        ".editorconfig": "ini",
        ".npmrc": "ini",
        ".clang-format": "yaml",
        ".clang-tidy": "yaml",
        ".babelrc": "json",
        ".eslintrc": "json",
        ".prettierrc": "json",
        "readme": "text",
        "license": "text",
    }
)

_INTERPRETERS: Mapping[str, str] = MappingProxyType(
    {
        "python": "python",
        "pypy": "python",
        "node": "javascript",
        "nodejs": "javascript",
        "deno": "typescript",
        "bun": "typescript",
        "ts-node": "typescript",
        "tsx": "typescript",
        "sh": "bash",
        "bash": "bash",
        "dash": "bash",
        "ksh": "bash",
        "zsh": "bash",
        "fish": "fish",
        "ruby": "ruby",
        "perl": "perl",
        "php": "php",
        "lua": "lua",
        "luajit": "lua",
        "rscript": "r",
        "elixir": "elixir",
        "escript": "erlang",
        "runhaskell": "haskell",
        "ocaml": "ocaml",
        "scala": "scala",
        "groovy": "groovy",
        "kotlin": "kotlin",
        "swift": "swift",
        "tclsh": "tcl",
        "make": "makefile",
        "awk": "awk",
        "pwsh": "powershell",
        "dart": "dart",
    }
)

# What a header holds only when it is C++ (at the start of a line, so that comments rarely match).
_CPP_HEADER = re.compile(
    rb"^[ \t]*(?:template[ \t]*<|(?:inline[ \t]+)?namespace(?:[ \t]+[\w:]+)?\s*\{"
    rb"|using[ \t]+(?:namespace[ \t]+)?[\w:]+\s*[=;]"
    rb"|class[ \t]+[\w \t]+[;:{]|class[ \t]+\w+\s*\n\s*\{|(?:public|private|protected)[ \t]*:\s*$|constexpr[ \t]\w"
    rb"|friend[ \t]+class[ \t]|virtual[ \t][^;\n]*\(|#[ \t]*include[ \t]*<[a-z_]+>)",
    re.MULTILINE,
)
_OBJECTIVE_C = re.compile(rb"^[ \t]*@(?:interface|implementation|protocol|import|class)\b|^#import\b", re.MULTILINE)
_SHEBANG = re.compile(rb"^#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+)*(?:\w+=\S*[ \t]+)*)?(?:\S*/)?([A-Za-z_-]+)")
HEAD_BYTES = 32 * 1024  # enough to pass a long licence comment


def language_of(path: str, head: bytes = b"") -> str:
    """The language of a repository path; `head` is the file's beginning (the first HEAD_BYTES are looked at)."""
    name = path.rsplit("/", 1)[-1].lower()
    if name in _FILE_NAMES:
        return _FILE_NAMES[name]
    extension = name.rsplit(".", 1)[-1] if "." in name[1:] else ""
    language = _BY_EXTENSION.get(extension)
    if language is not None:
        return _refined(language, extension, head[:HEAD_BYTES])
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    if name.startswith("makefile."):
        return "makefile"
    return _from_shebang(head) or PLAIN_TEXT


def _refined(language: str, extension: str, head: bytes) -> str:
    """Extensions that several languages share are told apart by what the file says."""
    if extension == "h":
        if _OBJECTIVE_C.search(head):
            return "objective-c"
        return "cpp" if _CPP_HEADER.search(head) else "c"
    if extension == "m":
        return "objective-c" if _OBJECTIVE_C.search(head) or b"#include" in head else language
    if extension == "inc":
        return "php" if head.lstrip().startswith(b"<?") else language
    if extension == "ts" and head.lstrip().startswith((b"<?xml", b"<!DOCTYPE TS")):
        return "xml"  # a translation file of Qt
    return language


def _from_shebang(head: bytes) -> str | None:
    found = _SHEBANG.match(head)
    return _INTERPRETERS.get(found[1].decode("ascii").lower().rstrip("-")) if found else None


def _by_extension(table: str) -> dict[str, str]:
    rows = (line.split(":") for line in table.strip().splitlines())
    return {extension: language.strip() for language, extensions in rows for extension in extensions.split()}


_BY_EXTENSION: Mapping[str, str] = MappingProxyType(_by_extension(_EXTENSIONS))
# Every name that `language_of` may answer.
LANGUAGES: frozenset[str] = frozenset(
    {PLAIN_TEXT, "objective-c", *_BY_EXTENSION.values(), *_FILE_NAMES.values(), *_INTERPRETERS.values()}
)
# As people call them, beside the extensions of their files.
_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {"c#": "csharp", "f#": "fsharp", "golang": "go", "objc": "objective-c", "plain": PLAIN_TEXT, "shell": "bash"}
)


def nearest_language(name: str) -> str | None:
    """What is meant by a name that is none of LANGUAGES: an extension, an interpreter, another name, or a slip."""
    name = name.lower().removeprefix(".")
    meant = _OTHER_NAMES.get(name) or _BY_EXTENSION.get(name) or _INTERPRETERS.get(name)
    return meant or next(iter(difflib.get_close_matches(name, sorted(LANGUAGES), n=1)), None)
