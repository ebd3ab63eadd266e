from pathlib import Path

import pytest

from pampax.codeintel.grammars import dialect, grammar
from pampax.codeintel.languages import LANGUAGES, SYNTAX_LANGUAGES, language_of, nearest_language


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "python"),
        ("types.pyi", "python"),
        ("x.mjs", "javascript"),
        ("App.jsx", "javascript"),
        ("x.ts", "typescript"),
        ("x.d.ts", "typescript"),
        ("App.TSX", "tsx"),
        ("A.java", "java"),
        ("main.go", "go"),
        ("lib.rs", "rust"),
        ("x.c", "c"),
        ("x.hpp", "cpp"),
        ("main.dart", "dart"),
        ("deploy/Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("CMakeLists.txt", "cmake"),
        ("Gemfile", "ruby"),
        ("chart/values.yaml", "yaml"),
        ("notes", "text"),
        (".gitignore", "text"),
        ("", "text"),
    ],
)
def test_language_follows_from_the_path(path: str, language: str) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#!/bin/sh\necho", "bash"),
        (b"#!/usr/bin/env python3.11\n", "python"),
        (b"#!/usr/bin/env -S node --harmony\n", "javascript"),
        (b"#! /usr/bin/perl -w\n", "perl"),
        (b"echo", "text"),
        (b"\xff\xfe", "text"),
    ],
)
def test_a_file_without_extension_is_known_by_its_first_line(head: bytes, language: str) -> None:
    assert language_of("bin/tool", head) == language


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"int f(void);\n", "c"),
        (b"/* a class of its own,\n using rand */\n#include <stdio.h>\nint f(void);", "c"),
        (b'#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void);', "c"),
        (b"namespace a {\n", "cpp"),
        (b"#include <vector>\n", "cpp"),
        (b"class A {\npublic:\n", "cpp"),
        (b"template <typename T> T f();", "cpp"),
        (b"@interface Foo : NSObject\n", "objective-c"),
    ],
)
def test_a_header_is_told_by_what_it_holds(head: bytes, language: str) -> None:
    assert language_of("include/x.h", head) == language


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("js", "javascript"), ("py", "python"), (".py", "python"), ("C++", "cpp"), ("c#", "csharp"), ("yml", "yaml"),
        ("golang", "go"), ("node", "javascript"), ("shell", "bash"), ("pyton", "python"), ("zzz", None), ("", None),
    ],
)  # fmt: skip
def test_a_language_is_meant_by_its_extension_another_name_or_a_slip(name: str, language: str | None) -> None:
    assert nearest_language(name) == language
    assert language is None or language in LANGUAGES


EXTENSIONS = "py js ts tsx java go rs c cpp dart cs php rb kt scala swift lua hs ex ml zig sh"


def test_every_grammar_can_be_reached_by_a_path() -> None:
    assert {language_of(f"a.{extension}") for extension in EXTENSIONS.split()} == SYNTAX_LANGUAGES


def test_the_page_names_the_languages_with_a_grammar() -> None:
    page = (Path(__file__).parents[3] / "docs" / "indexing.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.endswith("| the syntax tree |"))
    names = {"c++": "cpp", "c#": "csharp"}
    told = {name.strip() for name in row.split("|")[1].lower().split(",")}
    assert {names.get(name, name) for name in told} == SYNTAX_LANGUAGES


def test_every_grammar_is_there() -> None:
    assert [language for language in sorted(SYNTAX_LANGUAGES) if grammar(language) is None] == []
    assert grammar(dialect("ocaml", ["val one : int"])) is not None
