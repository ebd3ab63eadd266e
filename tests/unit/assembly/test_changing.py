"""Files that the commits of before have changed together with what was found."""

from pampax.assembly import changing
from pampax.assembly.candidates import Origin
from pampax.graph.history import CoChange


def _change(path, together=4, of=8):
    return CoChange(path, together / (of + 2), together, of)


def test_the_surest_partner_counts_and_better_places_count_more():
    found = [("a.py", 1.0), ("b.py", 0.6)]
    known = changing.beside(
        found,
        {
            "a.py": [_change("CHANGES.md", 30, 94), _change("b.py", 20, 94)],
            "b.py": [_change("CHANGES.md", 50, 94), _change("docs.md", 40, 94)],
        },
    )
    assert {path: (one.found, round(one.weight, 2)) for path, one in known.items()} == {
        "CHANGES.md": ("a.py", 0.3), "b.py": ("a.py", 0.2), "docs.md": ("b.py", 0.2),
    }  # fmt: skip
    assert known["docs.md"].reason == "changed together with `b.py` in 40 of 94 commits"


def test_a_few_commits_say_less_than_many():
    (few,) = changing.beside([("a.py", 1.0)], {"a.py": [_change("b.py", 2, 5)]}).values()
    (many,) = changing.beside([("a.py", 1.0)], {"a.py": [_change("b.py", 20, 50)]}).values()
    assert few.weight < 0.6 * many.weight


def test_only_files_in_which_nothing_was_found_are_looked_into_and_only_likely_ones():
    known = changing.beside(
        [("a.py", 1.0)], {"a.py": [_change("b.py"), _change("c.py", 2, 94), _change("d.py", 70, 94)]}
    )
    assert changing.taken_up(known, ["a.py", "b.py"]) == ["d.py"]
    assert len(changing.taken_up(
        changing.beside([("a.py", 1.0)], {"a.py": [_change(f"{n}.py") for n in range(40)]}), []
    )) == changing.MAX_CHANGED_FILES  # fmt: skip


def test_the_lines_that_speak_of_the_task_are_taken_else_the_first(make):
    lines = ["# Changes", "nothing", "about cookies", "and sessions"]
    file = make.file("CHANGES.md", lines, spans=[make.span(1, 2, "text", ""), make.span(3, 4, "text", "")])
    (one,) = changing.beside([("a.py", 0.8)], {"a.py": [_change("CHANGES.md")]}).values()
    speaking = changing.changed(file, lines, one, frozenset({"cooki", "cookies", "session"}))
    assert (speaking.place.start_line, speaking.origin) == (3, Origin.CHANGED)
    assert speaking.value == round(0.8 * 4 / (8 + changing.UNSURE) * changing.CHANGED, 4)
    assert changing.changed(file, lines, one, frozenset()).place.start_line == 1
    assert changing.changed(make.file("empty.md", []), [], one, frozenset()) is None
