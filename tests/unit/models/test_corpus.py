"""The scripts of models/ that make the corpus: what may be learnt from, what is judged, and what is a pair."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

MODELS = Path(__file__).parents[3] / "models"
SCRIPTS = ("avoid", "languages", "licences", "line_pairs", "packages", "pairs", "prose", "python_pairs", "fetch")


@pytest.fixture(scope="module")
def scripts() -> Iterator[SimpleNamespace]:
    """The scripts as modules; they find one another as they do when one of them is run."""
    import importlib

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(MODELS))
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in SCRIPTS})
    for name in SCRIPTS:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("stated", "permitted"),
    [
        ("MIT", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT/Apache-2.0", True),
        ("(BSD-3-Clause OR GPL-2.0)", True),
        ("The Apache Software License, Version 2.0", True),
        ("MIT AND LGPL-2.1", False),
        ("GPL-2.0 or later", False),
        ("MPL-2.0", False),
        ("Artistic", False),
        ("LicenseRef-Own", False),
        ("", False),
    ],
)
def test_only_permissive_licences_are_learnt_from(scripts: SimpleNamespace, stated: str, permitted: bool) -> None:
    assert scripts.licences.is_permissive(stated) is permitted


def test_a_file_with_a_licence_of_its_own_is_judged_by_it(scripts: SimpleNamespace) -> None:
    verdict = scripts.licences.Verdict("MIT", permitted=True, exceptions=(("lib/*", False), ("lib/own.c", True)))
    assert [verdict.permits(path) for path in ("main.c", "lib/gpl.c", "lib/own.c")] == [True, False, True]


def test_every_package_of_the_list_has_a_client_and_stands_there_once(scripts: SimpleNamespace) -> None:
    packages = scripts.packages.read_list(MODELS / "corpus.txt")
    assert {each.ecosystem for each in packages} <= set(scripts.fetch.CLIENTS)
    assert len({(each.ecosystem, each.key) for each in packages}) == len(packages)


@pytest.mark.parametrize(
    ("comment", "asked"),
    [
        ("Return the `size` of a queue.\n\nMore.", "Return the size of a queue"),
        ("<summary>\nReads {@link Foo} again.\n</summary>", "Reads Foo again"),
        ("Check who is authorized to write", "Check who is authorized to write"),
        ("TODO: make this faster", None),
        ("Copyright 2020 Somebody and others", None),
        ("x = y; return", None),
        ("größe der Liste hier", None),
    ],
)
def test_a_question_is_the_first_sentence_of_a_comment_in_plain_english(
    scripts: SimpleNamespace, comment: str, asked: str | None
) -> None:
    assert scripts.prose.question(comment) == asked


def test_a_documented_function_is_a_pair_without_its_docstring(scripts: SimpleNamespace) -> None:
    text = 'def read_rows(path):\n    """Read the rows of a table."""\n    rows = open(path)\n    return list(rows)\n'
    doc = next(each for each in scripts.python_pairs.python_pairs(text) if each.kind == "doc")
    assert doc.question == "Read the rows of a table"
    assert doc.code == "def read_rows(path):\n    rows = open(path)\n    return list(rows)"


def test_a_comment_above_code_of_any_language_is_about_its_block(scripts: SimpleNamespace) -> None:
    function = "func (p *Pool) Close() {\n    p.drop()\n    p.done = true\n}"
    text = f"// Close drops all idle connections.\n{function}\n\nvar x = 1\n"
    pairs = list(scripts.line_pairs.line_pairs(text, scripts.languages.BY_SUFFIX[".go"]))
    assert [(each.kind, each.question) for each in pairs] == [("doc", "Close drops all idle connections")]
    assert pairs[0].code == function


def test_what_stands_in_a_tree_to_avoid_is_known(scripts: SimpleNamespace, tmp_path: Path) -> None:
    line = "value = compute_the_answer(of_everything, carefully)"
    (tmp_path / "lazy.nvim").mkdir()
    (tmp_path / "lazy.nvim" / "a.py").write_text(line + "\n")
    avoided = scripts.avoid.Avoided(tmp_path)
    assert avoided.is_named("vendored/lazy-nvim/x.lua")
    assert not avoided.is_named("lazy/x.lua")
    assert avoided.is_pair_known("    " + line)
    assert not avoided.is_pair_known(line.replace("answer", "question"))
