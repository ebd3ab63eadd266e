"""What the code of a file uses: names in all languages, import statements, and variables of a known type."""

from __future__ import annotations

import pytest

from pampax.codeintel.bindings import bound_by
from pampax.codeintel.imports import imported_by
from pampax.codeintel.languages import SYNTAX_LANGUAGES
from pampax.codeintel.parse import parse_file
from pampax.codeintel.uses import EXPRESSION, UseKind, Uses, pack, unpack

IMPORTS = [
    ("python", "from ..a import (b as c,\n d, # no name\n)", [("..a", "b", "c"), ("..a", "d", "d")]),
    ("python", "import os, a.b as c, x.y", [("os", "", "os"), ("a.b", "", "c"), ("x.y", "", "x.y")]),
    ("typescript", "import A, { b as c, type D } from 'a'", [("a", "b", "c"), ("a", "D", "D"), ("a", "default", "A")]),
    ("javascript", 'import * as fs from "fs"', [("fs", "", "fs")]),
    ("javascript", 'export * from "./x"', [("./x", "*", "")]),
    ("javascript", "{ a, b: c } = require('./u')", [("./u", "a", "a"), ("./u", "b", "c")]),
    ("java", "import static a.b.C.d;", [("a.b.C", "d", "d")]),
    ("java", "import java.util.*;", [("java.util", "*", "")]),
    ("kotlin", "import a.b.c as d", [("a.b", "c", "d")]),
    ("scala", "import a.b.{C, D => E, _}", [("a.b", "C", "C"), ("a.b", "D", "E"), ("a.b", "*", "")]),
    ("csharp", "using X = A.B.C;", [("A.B", "C", "X")]),
    ("go", '"net/http"', [("net/http", "", "http")]),
    ("go", 'yaml "gopkg.in/yaml.v3"', [("gopkg.in/yaml.v3", "", "yaml")]),
    ("go", '"github.com/a/b/v2"', [("github.com/a/b/v2", "", "b")]),
    ("rust", "pub use a::{b, c::{d as e, *}};", [("a", "b", "b"), ("a::c", "d", "e"), ("a::c", "*", "")]),
    ("rust", "mod internals;", [("self::internals", "", "internals")]),
    ("c", '#include "a/b.h"\n', [("a/b.h", "*", "")]),
    ("php", "use Psr\\Log\\LoggerInterface as L;", [("Psr\\Log", "LoggerInterface", "L")]),
    ("php", "use A\\{B, C as D};", [("A", "B", "B"), ("A", "C", "D")]),
    ("ruby", "require_relative 'x/y'", [("./x/y", "*", "")]),
    ("lua", "local M = require('a.b')", [("a.b", "", "M")]),
    ("lua", "local count = 1", []),
    ("zig", 'const std = @import("std");', [("std", "", "std")]),
    ("haskell", "import qualified Data.Map as M", [("Data.Map", "*", "M")]),
    ("elixir", "alias Foo.{Bar, Baz}", [("Foo", "Bar", "Bar"), ("Foo", "Baz", "Baz")]),
    ("elixir", "alias Foo.Bar, as: B", [("Foo", "Bar", "B")]),
    ("bash", 'source "lib/x.sh"', [("lib/x.sh", "*", "")]),
    ("dart", "import 'package:a/b.dart';", [("package:a/b.dart", "*", "")]),
]  # fmt: skip

BOUND = [
    ("python", "x: Foo", [("x", "Foo")]),
    ("python", "self.pool: Optional[Pool] = None", [("self.pool", "Pool")]),
    ("python", "x = await a.Foo(1)", [("x", "a.Foo")]),
    ("python", "Foo(1) as f", [("f", "Foo")]),
    ("python", "x: int", []),
    ("typescript", "private readonly x: Foo", [("x", "Foo")]),
    ("javascript", "a = new Foo(1)", [("a", "Foo")]),
    ("java", "private static final Foo<A> x = new Bar();", [("x", "Bar")]),
    ("java", "Foo x", [("x", "Foo")]),
    ("go", "x := &http.Client{", [("x", "http.Client")]),
    ("go", "x, err := NewFoo(1)", [("x", "NewFoo")]),
    ("go", "ctx *Context", [("ctx", "Context")]),
    ("rust", "let mut x = Foo::new(1)", [("x", "Foo::new")]),
    ("rust", "field: Arc<Mutex<Foo>>", [("field", "Foo")]),
    ("php", "private LoggerInterface $logger;", [("logger", "LoggerInterface")]),
    ("ruby", "@x = Foo.new(1)", [("self.x", "Foo.new")]),
    ("cpp", "const Foo& x", [("x", "Foo")]),
    ("csharp", "Foo? x = null", [("x", "Foo")]),
    ("kotlin", "private val x: Foo = 1", [("x", "Foo")]),
]

# Of each language a text that calls `made`, alone or through `thing`.
CALLS = {
    "bash": "made one\n",
    "c": "int f(void) { return made(1) + thing->made(2); }\n",
    "cpp": "int f() { auto x = thing.made(2); return ns::made(1); }\n",
    "csharp": "class A { void F() { made(); thing.made(); } }\n",
    "dart": "void f() { made(1); thing.made(); }\n",
    "elixir": "defmodule A do\n  def f, do: Thing.made(1)\nend\n",
    "go": "package a\nfunc f() { made(1); thing.made() }\n",
    "haskell": "f x = made x\n",
    "java": "class A { void f() { made(); thing.made(); } }\n",
    "javascript": "function f() { made(1); thing.made(); }\n",
    "kotlin": "fun f() { made(1); thing.made() }\n",
    "lua": "function f() made(1); thing.made(); thing:made() end\n",
    "ocaml": "let f x = made x\n",
    "php": "<?php function f() { made(1); $thing->made(); }\n",
    "python": "def f():\n    made(1)\n    thing.made()\n",
    "ruby": "def f\n  made(1)\n  thing.made\nend\n",
    "rust": "fn f() { made(1); thing.made(); }\n",
    "scala": "object A { def f = { made(1); thing.made() } }\n",
    "swift": "func f() { made(1); thing.made() }\n",
    "tsx": "function f() { made(1); return <made a={thing.made()} /> }\n",
    "typescript": "function f() { made(1); thing.made(); }\n",
    "zig": "fn f() void { made(1); thing.made(); }\n",
}


def uses_of(language: str, text: str) -> Uses:
    return unpack(parse_file(language, text.encode()).uses)


@pytest.mark.parametrize(("language", "text", "expected"), IMPORTS)
def test_import_statements(language: str, text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [each[:3] for each in imported_by(language, text, 7)] == expected


@pytest.mark.parametrize(("language", "text", "expected"), BOUND)
def test_variables_of_a_known_type(language: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert [each[:2] for each in bound_by(language, text, 7)] == expected


@pytest.mark.parametrize("language", sorted(SYNTAX_LANGUAGES))
def test_calls_are_found_in_every_language(language: str) -> None:
    found = {(use.name, use.kind) for use in uses_of(language, CALLS[language]).uses}
    assert ("made", UseKind.CALL) in found


def test_what_a_name_is_reached_through() -> None:
    text = (
        "class A(base.B):\n    def f(self, x: C) -> D:\n"
        "        self.a.b()\n        E(x).c()\n        [1].d()\n        pass_on(g)\n"
    )
    found = {(use.name, use.kind.value, use.through, use.line) for use in uses_of("python", text).uses}
    assert found == {
        ("B", "inherit", "base", 1), ("C", "type", "", 2), ("D", "type", "", 2), ("b", "call", "self.a", 3),
        ("E", "call", "", 4), ("x", "read", "", 4), ("c", "call", "E()", 4), ("d", "call", EXPRESSION, 5),
        ("pass_on", "call", "", 6), ("g", "read", "", 6),
    }  # fmt: skip


def test_a_definition_does_not_use_its_own_name() -> None:
    assert uses_of("java", "class Made { Made next; }\n").uses == ((("Made", UseKind.TYPE, "", 1)),)


def test_imports_and_types_stand_beside_the_uses() -> None:
    uses = uses_of("python", "import a\nfrom b import C\n\npool: C = a.open()\n")
    assert [each[:3] for each in uses.imports] == [("a", "", "a"), ("b", "C", "C")]
    assert ("pool", "C", 4) in uses.bound


def test_packed_uses_are_those_that_were_packed() -> None:
    uses = uses_of("go", CALLS["go"] + 'import "net/http"\nvar x *Pool\n')
    assert uses.uses
    assert uses.imports
    assert uses.bound
    assert unpack(pack(uses)) == uses
    assert pack(Uses()) == b""


@pytest.mark.parametrize("data", [b"[]", b"{}", b"no json", b'[["a"],[[7,0,0,[1]]],[],[]]', b"[1,2,3,4]"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpack(data)


def test_a_text_without_grammar_uses_nothing() -> None:
    assert uses_of("text", "made(1)\n") == Uses()
