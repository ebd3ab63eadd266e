"""Links from one repository to another, language by language: what is provided, and what is not taken for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from pampax.graph.across import Member, World
from pampax.graph.model import Certainty
from pampax.graph.relations import Relationship, relationships

from .memory_shelf import MemoryShelf

Texts = Mapping[str, str]
LIB = "[project]\nname = 'lib'\n"


def world_of(**repositories: Texts) -> World:
    shelves = {name: MemoryShelf(texts, name) for name, texts in repositories.items()}
    return World([Member(name, shelf, shelf.provided(), shelf.imports) for name, shelf in shelves.items()])


def linked(world: World, path: str) -> dict[str, list[str]]:
    """For each name that the file of `app` uses, `repository:qualified name` of what it means elsewhere."""

    async def ask() -> dict[str, list[str]]:
        resolver = world.resolver("app")
        file = await resolver.file(path)
        assert file is not None
        found: dict[str, list[str]] = {}
        for use in file.uses.uses:
            for link in await resolver.links(file, use):
                each = link.definition
                if each.repository != "app":
                    assert link.certainty is Certainty.PRECISE
                    found.setdefault(use.name, []).append(f"{each.repository}:{each.qualified_name}")
        return {name: sorted(set(targets)) for name, targets in sorted(found.items())}

    return asyncio.run(ask())


def related(world: World) -> list[Relationship]:
    return asyncio.run(relationships(world))


# Repository `lib`, a file of `app`, its text, and what that means in `lib`.
LANGUAGES: dict[str, tuple[Texts, str, str, dict[str, list[str]]]] = {
    "python namespace": (
        {
            "pyproject.toml": "[project]\nname = 'acme'\n",
            "libs/acme/core/names.py": "def plain(): ...\n",
            "setup.py": "def plain(): ...\n",
        },
        "use.py",
        ("from acme.core.names import plain\nimport acme.core.names\n\n\ndef go():\n    plain()\n"
        "    acme.core.names.plain()\n"),
        {"plain": ["lib:plain"]},
    ),
    "typescript part and default": (
        {
            "package.json": '{"name": "@a/kit", "exports": {".": "./dist/main.mjs", "./x": "./dist/extra.js"}}',
            "src/main.ts": "export default class Kit { open(): void {} }\nexport { deep } from './deep';\n",
            "src/deep.ts": "export function deep(): void {}\n",
            "src/extra.ts": "export const more = () => 1;\n",
        },
        "src/use.ts",
        ("import Kit, { deep } from '@a/kit';\nimport { more } from '@a/kit/x';\nimport * as all from '@a/kit';\n"
        "export function go() { deep(); more(); all.deep(); new Kit().open(); }\n"),
        {"Kit": ["lib:Kit"], "deep": ["lib:deep"], "more": ["lib:more"], "open": ["lib:Kit.open"]},
    ),
    "go": (
        {
            "go.mod": "module example.com/lib/v2\n",
            "net/dial.go": "package net\n\nfunc Dial() *Conn { return nil }\n\ntype Conn struct{}\n\n"
            "func (c *Conn) Send() {}\n",
        },
        "main.go",
        'package main\n\nimport "example.com/lib/v2/net"\n\nfunc main() {\n\tconn := net.Dial()\n\tconn.Send()\n}\n',
        {"Dial": ["lib:Dial"], "Send": ["lib:Conn.Send"]},
    ),
    "rust": (
        {
            "Cargo.toml": '[workspace]\nmembers = ["a-kit"]\n',
            "a-kit/Cargo.toml": '[package]\nname = "a-kit"\n',
            "a-kit/src/lib.rs": "pub mod pool;\npub use pool::Pool;\n",
            "a-kit/src/pool.rs": "pub struct Pool;\nimpl Pool {\n    pub fn open(&self) {}\n}\npub fn spin() {}\n",
        },
        "src/main.rs",
        "use a_kit::Pool;\nuse a_kit::pool::spin;\nfn go(pool: Pool) {\n    spin();\n    pool.open();\n}\n",
        {"Pool": ["lib:Pool"], "open": ["lib:Pool.open"], "spin": ["lib:spin"]},
    ),
    "kotlin and java": (
        {
            "core/src/main/java/com/lib/Base.java": (
                "package com.lib;\npublic class Base {\n  public void run() {}\n}\n"
            ),
            "core/common/src/com/lib/text/Words.kt": "package com.lib.text\n\nfun words(): Int = 1\n",
        },
        "src/main/kotlin/com/app/Use.kt",
        ("package com.app\n\nimport com.lib.Base\nimport com.lib.text.*\n\nclass Use : Base() {\n  fun go() {\n"
        "    words()\n    run()\n  }\n}\n"),
        {"Base": ["lib:Base"], "run": ["lib:Base.run"], "words": ["lib:words"]},
    ),
    "scala": (
        {
            "core/src/main/scala/cats/Functor.scala": "package cats\n\ntrait Functor { def lift(): Int = 1 }\n",
            "core/src/main/scala-2.12/cats/Old.scala": "package cats\n\nclass Old\n",
        },
        "src/main/scala/app/Use.scala",
        "package app\n\nimport cats._\n\nclass Use extends Functor { def go() = { new Old(); lift() } }\n",
        {"Functor": ["lib:Functor"], "Old": ["lib:Old"], "lift": ["lib:Functor.lift"]},
    ),
    "php": (
        {
            "composer.json": '{"name": "a/lib", "autoload": {"psr-4": {"Acme\\\\Lib\\\\": "src/"}}}',
            "src/Net/Widget.php": (
                "<?php\nnamespace Acme\\Lib\\Net;\nclass Widget { public function go() {} "
                "public static function make() {} }\n"
            ),
        },
        "src/Use.php",
        ("<?php\nnamespace App;\nuse Acme\\Lib\\Net\\Widget;\nclass UseIt { public function run() { "
        "$w = new Widget(); $w->go(); Widget::make(); } }\n"),
        {
            "Widget": ["lib:Acme.Lib.Net.Widget"], "go": ["lib:Acme.Lib.Net.Widget.go"],
            "make": ["lib:Acme.Lib.Net.Widget.make"],
        },
    ),
    "csharp": (
        {
            "src/Acme.Lib.csproj": "<Project><PropertyGroup/></Project>",
            "src/Widget.cs": (
                "namespace Acme.Lib {\n  public class Widget {\n    public static void Go() {}\n"
                "    public void Stay() {}\n  }\n}\n"
            ),
        },
        "Use.cs",
        ("using Acme.Lib;\nnamespace App {\n  public class Use : Widget {\n    void Run() { Widget.Go(); Stay(); }\n"
        "  }\n}\n"),
        {"Go": ["lib:Acme.Lib.Widget.Go"], "Stay": ["lib:Acme.Lib.Widget.Stay"], "Widget": ["lib:Acme.Lib.Widget"]},
    ),
    "elixir": (
        {
            "mix.exs": "defmodule Lib.MixProject do\n  def project do\n    [app: :lib]\n  end\nend\n",
            "lib/lib/store.ex": "defmodule Lib.Store do\n  def keep(a), do: a\n\n  def drop(a), do: a\nend\n",
        },
        "lib/use.ex",
        ("defmodule Use do\n  alias Lib.Store\n  import Lib.Store\n\n  def go(a) do\n    Store.keep(a)\n"
        "    Lib.Store.drop(a)\n    drop(a)\n  end\nend\n"),
        {"Store": ["lib:Lib.Store"], "drop": ["lib:Lib.Store.drop"], "keep": ["lib:Lib.Store.keep"]},
    ),
    "ruby": (
        {
            "rack.gemspec": "Gem::Specification.new { |s| s.name = 'rack' }\n",
            "lib/rack/utils.rb": "module Rack\n  module Utils\n    def self.escape_all(a)\n    end\n  end\nend\n",
            "lib/rack/file.rb": "class File\n  def self.slurp_all\n  end\nend\n",
        },
        "use.rb",
        "require 'rack/utils'\n\ndef go\n  Rack::Utils.escape_all(1)\n  File.slurp_all\nend\n",
        {"Utils": ["lib:Rack.Utils"], "escape_all": ["lib:Rack.Utils.escape_all"]},
    ),
    "dart": (
        {
            "pubspec.yaml": "name: kit\n",
            "lib/kit.dart": "class Kit { int open() { return 1; } }\n",
        },
        "lib/use.dart",
        "import 'package:kit/kit.dart';\n\nclass Use extends Kit {}\n",
        {"Kit": ["lib:Kit"]},
    ),
    "c": (
        {"include/kit/pool.h": "int pool_open(int a);\n", "src/pool.c": "int pool_open(int a) { return a; }\n"},
        "use.c",
        '#include <kit/pool.h>\n#include <stdio.h>\n\nint go(void) { return pool_open(1); }\n',
        {"pool_open": ["lib:pool_open"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_imports_lead_into_the_other_repository(language: str) -> None:
    lib, path, text, expected = LANGUAGES[language]
    world = world_of(app={path: text}, lib=lib)
    assert linked(world, path) == expected
    (relationship,) = related(world)
    assert (relationship.source, relationship.target, relationship.files) == ("app", "lib", 1)


@pytest.mark.parametrize(
    ("lib", "text"),
    [
        # A name of the standard library, whatever a folder is called.
        ({"json/__init__.py": "def dumps(): ...\n"}, "import json\njson.dumps()\n"),
        # Tests and examples are no package.
        ({"pyproject.toml": LIB, "tests/__init__.py": "def help(): ...\n"}, "import tests\n"),
        # A folder below a package is none of its own.
        (
            {"pyproject.toml": LIB, "lib/__init__.py": "", "lib/util/__init__.py": "def a(): ...\n"},
            "from util import a\na()\n",
        ),
        # What the module does not have is not looked for elsewhere.
        (
            {"pyproject.toml": LIB, "lib/__init__.py": "", "other.py": "def a(): ...\n"},
            "from lib import a\na()\n",
        ),
        # Nothing is inferred over a border.
        (
            {"pyproject.toml": LIB, "lib/__init__.py": "class A:\n    def unusual(self): ...\n"},
            "import lib\n\n\ndef go(a):\n    a.unusual()\n",
        ),
    ],
)  # fmt: skip
def test_what_is_no_import_of_it_leads_nowhere(lib: Texts, text: str) -> None:
    assert linked(world_of(app={"use.py": text}, lib=lib), "use.py") == {}


def test_what_is_here_as_well_is_meant_here() -> None:
    kit = {"pyproject.toml": "[project]\nname = 'kit'\n", "kit/__init__.py": "def a(): ...\n"}
    world = world_of(app={**kit, "use.py": "from kit import a\na()\n"}, lib=kit)
    assert linked(world, "use.py") == {}
    assert related(world) == []


def test_a_type_that_is_named_in_full_is_looked_for_here_first() -> None:
    widget = "namespace Acme.Lib {\n  public class Widget {\n    public static void Go() {}\n  }\n}\n"
    use = "namespace App {\n  public class Use {\n    void Run() { Acme.Lib.Widget.Go(); }\n  }\n}\n"
    lib = {"src/Acme.Lib.csproj": "<Project/>", "src/Widget.cs": widget}
    assert linked(world_of(app={"Use.cs": use}, lib=lib), "Use.cs") == {"Go": ["lib:Acme.Lib.Widget.Go"]}
    assert linked(world_of(app={"Use.cs": use, "Widget.cs": widget}, lib=lib), "Use.cs") == {}


def test_a_folder_that_ends_like_a_module_of_go_is_not_meant() -> None:
    app = {
        "go.mod": "module example.com/app\n",
        "store/own.go": "package store\n\nfunc Open() {}\n",
        "main.go": 'package main\n\nimport "example.com/lib/store"\n\nfunc main() {\n\tstore.Open()\n}\n',
    }
    lib = {"go.mod": "module example.com/lib\n", "store/s.go": "package store\n\nfunc Open() {}\n"}
    assert linked(world_of(app=app, lib=lib), "main.go") == {"Open": ["lib:Open"]}


def test_a_published_package_goes_before_a_folder_that_is_called_so() -> None:
    lib = {"pyproject.toml": "[project]\nname = 'kit'\n", "kit/__init__.py": "def a(): ...\n"}
    copied = {"vendored/kit/__init__.py": "def a(): ...\n"}
    world = world_of(app={"use.py": "from kit import a\na()\n"}, lib=lib, other=copied)
    assert linked(world, "use.py") == {"a": ["lib:a"]}
