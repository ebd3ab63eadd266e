"""Named SQL: found by name, refused when out of form, and every statement in the tree is used."""

import re
from pathlib import Path

import pytest

from pampax.storage.queries import FILE_NAME, load_queries, parse

ROOT = Path(__file__).parents[3]
QUERY_FILES = sorted(path for roots in ("libs", "services") for path in (ROOT / roots).rglob(FILE_NAME))

TWO = """-- A heading ------

-- name: find_one
-- Finds it.
SELECT 1;

-- name: find_two
-- Finds the other;
-- in two lines.
SELECT 2
FROM things
"""


def test_statements_are_found_by_name_without_their_comments() -> None:
    queries = parse(TWO, "here")

    assert queries.names == {"find_one", "find_two"}
    assert queries["find_one"] == queries.find_one == "SELECT 1"
    assert queries["find_two"] == "SELECT 2\nFROM things"


def test_an_unknown_name_is_told_with_those_that_exist() -> None:
    queries = parse(TWO, "here")

    with pytest.raises(KeyError, match=r"'find_three'.*find_one, find_two"):
        queries["find_three"]
    with pytest.raises(AttributeError, match="find_three"):
        queries.find_three  # noqa: B018  # the access is what is tested


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1", "before the first"),
        ("-- name: a\nSELECT 1", "no line of purpose"),
        ("-- name: a\n-- Purpose.\n", "no SQL"),
        ("-- name: a\n-- P.\nSELECT 1\n-- name: a\n-- P.\nSELECT 2", "twice"),
        ("-- name: Find-One\n-- P.\nSELECT 1", "no query name"),
    ],
)
def test_a_file_out_of_form_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text, "here")


def test_a_package_loads_the_file_beside_it() -> None:
    assert "claim_operation" in load_queries("pampax.storage").names
    assert load_queries("pampax.storage.operations").names == load_queries("pampax.storage").names


def test_a_package_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="__package__"):
        load_queries(None)


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_statement_is_named_by_a_module_beside_it(path: Path) -> None:
    modules = "\n".join(module.read_text(encoding="utf-8") for module in path.parent.glob("*.py"))
    prefixes = tuple(re.findall(r"f\"([a-z]+_[a-z_]*)\{", modules))  # of names that are put together
    names = parse(path.read_text(encoding="utf-8"), str(path)).names

    unused = {name for name in names if not re.search(rf"[\"'.]{name}\b", modules) and not name.startswith(prefixes)}

    assert not unused
