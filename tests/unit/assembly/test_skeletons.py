from pampax.assembly.skeletons import MAX_OUTLINE_LINES, first_line, main_definition, outline
from pampax.assembly.source import Place


def test_an_outline_has_a_line_per_definition_indented_as_they_are_nested(make):
    definitions = [
        make.definition("Pool", 1, 60, kind="type", doc="A pool.\nMore."),
        make.definition("take", 10, 30, holder="Pool"),
        make.definition("give", 40, 50, holder="Pool"),
        make.definition("spare", 70, 80),
    ]
    assert outline(definitions, "python").split("\n") == [
        "1: def Pool(self):  # A pool. More.",
        "10:     def take(self):",
        "40:     def give(self):",
        "70: def spare(self):",
    ]


def test_comments_are_those_of_the_language(make):
    definitions = [make.definition("a", 1, 2, doc="First."), make.definition("b", 3, 4)]
    assert outline(definitions, "go").startswith("1: def a(self):  // First.")
    assert outline(definitions, "sql").startswith("1: def a(self):  -- First.")


def test_fields_are_left_out_beside_functions(make):
    definitions = [make.definition(n, at, at) for at, n in enumerate("ab", 1)]
    fields = [make.definition("limit", 3, 3, kind="variable")]
    assert "limit" not in outline(definitions + fields, "python")


def test_one_definition_is_no_outline(make):
    assert outline([make.definition("a", 1, 9)], "python") == ""


def test_a_long_outline_says_how_much_more_there_is(make):
    definitions = [make.definition(f"f{n}", n, n) for n in range(1, MAX_OUTLINE_LINES + 6)]
    assert outline(definitions, "python").endswith("# and 5 more")


def test_the_main_definition_is_the_named_one_else_the_first_else_the_one_around(make):
    definitions = [make.definition("Pool", 1, 60, kind="type"), make.definition("take", 10, 30, holder="Pool")]
    file = make.file("a.py", ["x"] * 60, definitions)
    assert main_definition(file, Place("demo", "a.py", 5, 40), "Pool.take").name == "take"
    assert main_definition(file, Place("demo", "a.py", 1, 40), "").name == "Pool"
    assert main_definition(file, Place("demo", "a.py", 15, 20), "").name == "take"


def test_text_without_definitions_is_told_by_its_first_line_that_says_something(make):
    file = make.file("CHANGES.md", ["", "---", "## 2.1", "- Cookies are kept"])
    assert first_line(file, Place("demo", "CHANGES.md", 1, 4), "") == "## 2.1"
    assert first_line(file, Place("demo", "CHANGES.md", 1, 2), "") == ""


def test_code_is_told_by_a_definition_or_not_at_all(make):
    file = make.file("a.py", ["import os"] * 9, [make.definition("take", 5, 9)])
    assert first_line(file, Place("demo", "a.py", 5, 9), "take") == "def take(self):"
    assert first_line(file, Place("demo", "a.py", 1, 3), "") == ""
