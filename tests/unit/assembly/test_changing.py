"""Files that the commits of before have changed together with what was found."""

from pampax.assembly import changing
from pampax.assembly.candidates import Origin
from pampax.graph.history import CoChange


def _change(path, confidence=0.5, together=4, of=8):
    return CoChange(path, confidence, together, of)


def test_the_surest_partner_counts_and_better_places_count_more():
    found = [("a.py", 1.0), ("b.py", 0.6)]
    known = changing.beside(
        found,
        {
            "a.py": [_change("CHANGES.md", 0.3), _change("b.py", 0.2)],
            "b.py": [_change("CHANGES.md", 0.5), _change("docs.md", 0.4)],
        },
    )
    assert {path: (one.found, round(one.weight, 2)) for path, one in known.items()} == {
        "CHANGES.md": ("a.py", 0.3), "b.py": ("a.py", 0.2), "docs.md": ("b.py", 0.2),
    }  # fmt: skip
    assert known["docs.md"].reason == "changed together with `b.py` in 4 of 8 commits"


def test_only_files_in_which_nothing_was_found_are_looked_into_and_only_likely_ones():
    known = changing.beside([("a.py", 1.0)], {"a.py": [_change("b.py"), _change("c.py", 0.03), _change("d.py", 0.7)]})
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
    assert speaking.value == round(0.8 * 0.5 * changing.CHANGED, 4)
    assert changing.changed(file, lines, one, frozenset()).place.start_line == 1
    assert changing.changed(make.file("empty.md", []), [], one, frozenset()) is None
