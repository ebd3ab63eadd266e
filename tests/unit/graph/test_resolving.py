"""Which definitions a call means: by scopes, imports, packages, declared types and bases, in several languages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from pampax.codeintel.uses import UseKind
from pampax.graph.model import Certainty
from pampax.graph.resolving import Resolver

from .memory_shelf import MemoryShelf


async def _links(texts: Mapping[str, str], path: str, name: str) -> list[tuple[str, str, Certainty, float]]:
    resolver = Resolver(MemoryShelf(texts))
    file = await resolver.file(path)
    assert file is not None
    return [
        (link.definition.path, link.definition.qualified_name, link.certainty, link.confidence)
        for use in file.uses.uses
        if use.name == name and use.kind is UseKind.CALL
        for link in await resolver.links(file, use)
    ]


def called(texts: Mapping[str, str], path: str, name: str) -> list[tuple[str, str]]:
    """Path and qualified name of what the calls of that name in the file mean."""
    return [found[:2] for found in asyncio.run(_links(texts, path, name))]


PYTHON = {
    "app/__init__.py": "from .pool import Pool\n",
    "app/pool.py": (
        "class Base:\n    def drain(self): ...\n\n\nclass Pool(Base):\n"
        "    def open(self) -> 'Pool':\n        return self\n\n"
        "    def close(self):\n        self.drain()\n        self.open()\n\n\ndef make() -> Pool:\n    return Pool()\n"
    ),
    "app/other.py": "class Lake:\n    def open(self): ...\n\n\ndef helper(): ...\n",
    "app/main.py": (
        "import os\nfrom os import path\nfrom app import Pool\nfrom . import other\n"
        "from .pool import make as made\n\n\n"
        "class Holder:\n    def __init__(self, pool: Pool):\n        self.pool = pool\n\n    def run(self):\n"
        "        self.pool.open()\n\n\ndef main(lake: other.Lake):\n    pool = made()\n"
        "    pool.close()\n    lake.open()\n"
        "    other.helper()\n    path()\n    os.helper()\n    print(1)\n    def inner(): ...\n    Pool().drain()\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("made", [("app/pool.py", "make")]),
        ("close", [("app/pool.py", "Pool.close")]),
        ("open", [("app/pool.py", "Pool.open"), ("app/other.py", "Lake.open")]),
        ("helper", [("app/other.py", "helper")]),
        ("drain", [("app/pool.py", "Base.drain")]),
        ("Pool", [("app/pool.py", "Pool")]),
        ("path", []),
        ("print", []),
    ],
)
def test_python(name: str, expected: list[tuple[str, str]]) -> None:
    assert called(PYTHON, "app/main.py", name) == expected


@pytest.mark.parametrize(
    ("texts", "path", "name", "expected"),
    [
        (
            {
                "com/base/Ledger.java": "package com.base;\npublic class Ledger {\n  public void post() {}\n}\n",
                "com/shop/Books.java": (
                    "package com.shop;\nimport com.base.Ledger;\npublic class Books extends Ledger {\n"
                    "  void close() {\n    post();\n  }\n}\n"
                ),
            },
            "com/shop/Books.java",
            "post",
            [("com/base/Ledger.java", "Ledger.post")],
        ),
        (
            {
                "base.rb": "class Ledger\n  def post_all\n  end\nend\n",
                "books.rb": "require_relative 'base'\nclass Books < Ledger\n  def close\n    post_all()\n  end\nend\n",
            },
            "books.rb",
            "post_all",
            [("base.rb", "Ledger.post_all")],
        ),
    ],
)
def test_a_base_may_stand_in_another_file(
    texts: Mapping[str, str], path: str, name: str, expected: list[tuple[str, str]]
) -> None:
    assert called(texts, path, name) == expected


def test_self_and_bases() -> None:
    assert called(PYTHON, "app/pool.py", "drain") == [("app/pool.py", "Base.drain")]
    assert called(PYTHON, "app/pool.py", "open") == [("app/pool.py", "Pool.open")]


OTHERS = {
    "typescript": (
        {
            "src/pool.ts": (
                "export class Pool {\n  open(): void {}\n}\nexport function make(): Pool { return new Pool(); }\n"
            ),
            "src/index.ts": "export * from './pool';\nexport { make as build } from './pool';\n",
            "src/far.ts": "export function lost() {}\n",
            "src/main.ts": (
                "import { Pool, make } from './index';\nimport { lost } from 'library';\n"
                "function main(given: Pool) {\n  given.open();\n  make();\n  lost();\n}\n"
            ),
        },
        "src/main.ts",
        {"open": [("src/pool.ts", "Pool.open")], "make": [("src/pool.ts", "make")], "lost": []},
    ),
    "go": (
        {
            "pkg/pool/pool.go": (
                "package pool\n\ntype Pool struct{}\n\nfunc (p *Pool) Open() {}\n\n"
                "func New() *Pool { return &Pool{} }\n"
            ),
            "cmd/help.go": "package main\n\nfunc helper() {}\n",
            "cmd/main.go": (
                'package main\n\nimport (\n\t"fmt"\n\t"example.org/x/pkg/pool"\n)\n\n'
                "func main() {\n\tp := pool.New()\n\tp.Open()\n\thelper()\n\tfmt.New()\n}\n"
            ),
        },
        "cmd/main.go",
        {
            "New": [("pkg/pool/pool.go", "New")],
            "Open": [("pkg/pool/pool.go", "Pool.Open")],
            "helper": [("cmd/help.go", "helper")],
        },
    ),
    "java": (
        {
            "src/a/Base.java": "package a;\npublic class Base { protected void drain() {} }\n",
            "src/a/Pool.java": "package a;\npublic class Pool extends Base { public void open() { drain(); } }\n",
            "src/b/Main.java": (
                "package b;\nimport a.Pool;\nimport java.util.List;\nclass Main {\n  private Pool pool;\n"
                "  void run(List<String> list) { pool.open(); list.open(); }\n}\n"
            ),
        },
        "src/b/Main.java",
        {"open": [("src/a/Pool.java", "Pool.open")]},
    ),
    "rust": (
        {
            "src/lib.rs": "pub mod pool;\npub mod main_part;\n",
            "src/pool.rs": (
                "pub struct Pool;\nimpl Pool {\n    pub fn new() -> Pool { Pool }\n"
                "    pub fn open(&self) {}\n}\npub fn helper() {}\n"
            ),
            "src/main_part.rs": (
                "use crate::pool::{helper, Pool};\nfn run() {\n    let pool = Pool::new();\n"
                "    pool.open();\n    helper();\n}\n"
            ),
        },
        "src/main_part.rs",
        {
            "new": [("src/pool.rs", "Pool.new")],
            "open": [("src/pool.rs", "Pool.open")],
            "helper": [("src/pool.rs", "helper")],
        },
    ),
    "c": (
        {
            "lib/pool.h": "int pool_open(void);\n",
            "lib/pool.c": (
                '#include "pool.h"\nstatic int hidden(void) { return 0; }\nint pool_open(void) { return hidden(); }\n'
            ),
            "main.c": '#include "lib/pool.h"\nint main(void) { return pool_open() + printf("x"); }\n',
        },
        "main.c",
        {"pool_open": [("lib/pool.c", "pool_open")], "printf": []},
    ),
    "php": (
        {
            "src/Pool.php": "<?php\nnamespace App;\nclass Pool { public function open() {} }\n",
            "src/Main.php": (
                "<?php\nnamespace App;\nuse App\\Pool;\nclass Main { function run(Pool $pool) { $pool->open(); } }\n"
            ),
        },
        "src/Main.php",
        {"open": [("src/Pool.php", "App.Pool.open")]},
    ),
}


@pytest.mark.parametrize("language", sorted(OTHERS))
def test_other_languages(language: str) -> None:
    texts, path, expected = OTHERS[language]
    assert {name: called(texts, path, name) for name in expected} == expected


def test_a_name_alone_is_inferred_and_shared() -> None:
    texts = {
        "a.py": "class A:\n    def unusual(self): ...\n",
        "b.py": "class B:\n    def unusual(self): ...\n",
        "main.py": "def main(it):\n    it.unusual()\n",
    }
    found = asyncio.run(_links(texts, "main.py", "unusual"))
    assert [(each[1], each[2], each[3]) for each in found] == [
        ("A.unusual", Certainty.INFERRED, 0.25), ("B.unusual", Certainty.INFERRED, 0.25),
    ]  # fmt: skip


def test_a_name_that_five_hundred_classes_have_means_none_of_them() -> None:
    texts = {f"m{number}.py": "class A:\n    def unusual(self): ...\n" for number in range(500)}
    assert called({**texts, "main.py": "def main(it):\n    it.unusual()\n"}, "main.py", "unusual") == []


def test_circles_end() -> None:
    texts = {
        "a.py": "from b import *\n\n\nclass A(B):\n    pass\n",
        "b.py": (
            "from a import *\n\n\nclass B(A):\n    def f(self):\n        url = url.join(url)\n"
            "        self.missing()\n        lost()\n"
        ),
    }
    assert called(texts, "b.py", "missing") == []
    assert called(texts, "b.py", "lost") == []
    assert called(texts, "b.py", "join") == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Safe.cs", "class Safe : Elsewhere, Outside {\n  void Run() { Open(); }\n}\n"),
        ("Safe.scala", "class Safe extends Elsewhere with Outside {\n  def run(): Unit = open()\n}\n"),
        ("Safe.kt", "class Safe : Elsewhere(), Outside {\n  fun run() { open() }\n}\n"),
        ("safe.rb", "class Safe < Elsewhere\n  include Outside\n  def run\n    open(1)\n  end\nend\n"),
        ("Safe.java", "class Safe extends Elsewhere implements Outside {\n  void run() { open(); }\n}\n"),
        ("Safe.swift", "class Safe: Elsewhere, Outside {\n  func run() { open() }\n}\n"),
    ],
    ids=lambda value: value if "\n" not in value else "",
)
def test_what_a_type_of_elsewhere_may_have_is_nowhere(path: str, text: str) -> None:
    assert called({path: text}, path, text[text.lower().rindex("open") :][:4]) == []
