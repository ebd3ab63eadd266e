from pampax.assembly.bundle import Evidence
from pampax.assembly.ranking import hit_candidates, task_words
from pampax.assembly.searching import Hit
from pampax.assembly.source import Place


def found(rank, score, content="def take_pool(): pass", *, evidence=(), path="a.py"):
    parts = tuple(Evidence(source, 1, points, 1.0, f"detail of {source}") for source, points in evidence)
    return Hit(rank, Place("demo", path, rank, rank), "python", "take_pool", score, content, parts)


def test_the_best_hit_is_worth_one_and_others_less():
    best, other = hit_candidates([found(1, 9.0), found(2, 6.0)], "pool")
    assert best.value == 1.0
    assert 0 < other.value < 0.5


def test_the_reason_names_the_words_and_the_strongest_evidence():
    evidence = [("semantic", 2.0), ("path", 3.0), ("size", 9.0), ("kind_of_path", -1.0)]
    (hit,) = hit_candidates([found(1, 9.0, evidence=evidence)], "who takes the pool")
    assert hit.reason == "best match for the task (mentions `takes`, `pool`; its path matches; close in meaning)"


def test_a_source_of_evidence_that_is_new_here_speaks_for_itself():
    _, hit = hit_candidates([found(1, 9.0), found(2, 8.0, "x", evidence=[("graph", 2.0)])], "queue")
    assert hit.reason == "match 2 for the task (detail of graph)"


def test_imports_alone_are_worth_less():
    text = "from pool import (\n    take,\n)\nimport os"
    imports, code = hit_candidates([found(1, 9.0, text), found(2, 9.0)], "pool")
    assert imports.value < code.value


def test_the_evidence_of_search_stays():
    (hit,) = hit_candidates([found(1, 9.0, evidence=[("text", 2.5)])], "pool")
    assert [(part.source, part.score) for part in hit.evidence] == [("text", 2.5)]


def test_what_is_near_in_meaning_in_two_ways_is_said_once():
    (hit,) = hit_candidates([found(1, 9.0, evidence=[("semantic", 2.0), ("closeness", 1.0)])], "pool")
    assert hit.reason == "best match for the task (mentions `pool`; close in meaning)"


def test_what_a_task_begins_with_is_no_word_of_its_subject():
    assert list(task_words("add a retry to the pool")) == ["retry", "pool"]
    assert list(task_words("let the pool grow")) == ["pool", "grow"]
    assert list(task_words("overflow of add")) == ["overflow", "add"]
    assert list(task_words("add")) == ["add"]
    assert task_words("?") == {}
