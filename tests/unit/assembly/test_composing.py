"""The promises of a bundle's text: never over budget, the same bytes again, nothing breaks out of its fence."""

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pampax.assembly.bundle import Rendering, StoppingReason
from pampax.assembly.candidates import Origin, candidate
from pampax.assembly.composing import MAX_OMITTED, compose
from pampax.assembly.policies import rules_of
from pampax.assembly.source import Place
from pampax.codeintel.tokens import KNOWN_COUNTERS, counter
from pampax.core.choices import POLICIES
from pampax.core.errors import FailedPrecondition

BUDGETS = st.one_of(st.integers(256, 1_200), st.integers(256, 8_000))


def code_file(make, path, size, **options):
    lines = [f"    value_{number} = compute(value_{number - 1}, weight={number})" for number in range(size)]
    return make.file(path, lines, **options)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), budget=BUDGETS, tokenizer=st.sampled_from(KNOWN_COUNTERS), task=st.text(max_size=400))
def test_the_markdown_never_exceeds_the_budget(make, data, budget, tokenizer, task):
    files, candidates = data.draw(make.cases())
    counts = counter(tokenizer)
    subject = make.subject(task=task, repositories=("demo", "other"))
    composed = compose(subject, candidates, files, budget, counts)
    assert counts.count(composed.markdown) == composed.used <= budget


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    budget=BUDGETS,
    tokenizer=st.sampled_from(KNOWN_COUNTERS),
    policy=st.sampled_from(POLICIES),
    depth=st.integers(0, 3),
    compactly=st.booleans(),
)
def test_no_option_lets_a_bundle_exceed_its_budget_or_lose_what_must_be_shown(
    make, data, budget, tokenizer, policy, depth, compactly
):
    files, candidates = data.draw(make.cases())
    wanted = data.draw(st.lists(st.sampled_from([each.place for each in candidates]), max_size=3)) if candidates else []
    musts = [candidate(place, Origin.SEED, 1.5, "", "must be included") for place in wanted]
    counts, rules = counter(tokenizer), rules_of(policy, depth)
    subject = replace(make.subject(repositories=("demo", "other")), compact=compactly)
    composed, needed = None, 0
    try:
        composed = compose(subject, candidates, files, budget, counts, musts=musts, rules=rules)
    except FailedPrecondition as error:
        needed = int(error.metadata["tokens_needed"])
    if composed is None:
        assert needed > budget
        return
    assert counts.count(composed.markdown) == composed.used <= budget
    assert composed == compose(subject, candidates[::-1], files, budget, counts, musts=musts[::-1], rules=rules)
    full = [item for item in composed.items if item.rendering is Rendering.FULL]
    for place in wanted:
        assert any(
            (item.repository, item.path) == place.file
            and item.start_line <= place.start_line
            and item.end_line >= place.end_line
            for item in full
        )
    assert sorted(item.rank for item in composed.items) == list(range(1, len(composed.items) + 1))
    assert 0 <= composed.fitted <= 1 or not composed.items


def test_what_must_be_shown_and_does_not_fit_is_refused_with_what_it_needs(make):
    files = {("demo", "a.py"): code_file(make, "a.py", 200)}
    must = candidate(Place("demo", "a.py", 1, 200), Origin.SEED, 1.5, "", "must be included")
    with pytest.raises(FailedPrecondition, match=r"needs \d+ tokens and the budget is 500: .* a\.py:1-200") as refused:
        compose(make.subject(), [], files, 500, counter("bytes4"), musts=[must])
    needed = int(refused.value.metadata["tokens_needed"])
    composed = compose(make.subject(), [], files, needed, counter("bytes4"), musts=[must])
    assert [(item.start_line, item.end_line) for item in composed.items] == [(1, 200)]


def test_an_outline_of_a_file_that_is_shown_whole_is_left_out(make):
    definitions = [make.definition("one", 1, 5), make.definition("two", 6, 10)]
    files = {("demo", "a.py"): code_file(make, "a.py", 10, definitions=definitions)}
    outline = make.hit("a.py", 1, 10, 1.2, origin=Origin.OUTLINE, reason="named in the request")
    must = candidate(Place("demo", "a.py", 1, 10), Origin.SEED, 1.5, "", "must be included")
    (item,) = compose(make.subject(), [outline], files, 4_000, counter("bytes4"), musts=[must]).items
    assert item.rendering is Rendering.FULL
    assert item.reason == "must be included; named in the request"


def test_the_compact_form_has_line_numbers_and_ids(make):
    span = make.span(1, 4, "function", "pool")
    file = replace(code_file(make, "a.py", 4, spans=[span]), blob_id="ab" * 20)
    subject = replace(make.subject(), compact=True)
    composed = compose(subject, [make.hit("a.py", 1, 4, 1.0)], {("demo", "a.py"): file}, 1_000, counter("bytes4"))
    (item,) = composed.items
    assert f"id {item.id}" in composed.markdown
    assert "\n2:     value_1 = compute(value_0, weight=1)\n" in composed.markdown
    assert item.content == file.text(1, 4)


def test_a_broad_bundle_names_more_files_than_a_focused_one(make):
    definitions = [make.definition("compute", 1, 40)]
    files = {("demo", f"p{n}.py"): code_file(make, f"p{n}.py", 40, definitions=definitions) for n in range(30)}
    candidates = [make.hit(path, 1, 40, 1.0 - n / 31, symbol="compute") for n, (_, path) in enumerate(files)]
    shown = {
        policy: compose(make.subject(), candidates, files, 3_000, counter("bytes4"), rules=rules_of(policy, 1)).items
        for policy in POLICIES
    }
    assert len(shown["focused"]) < len(shown["balanced"]) < len(shown["broad"])
    whole = {name: sum(item.rendering is Rendering.FULL for item in items) for name, items in shown.items()}
    assert whole["focused"] >= whole["balanced"] >= whole["broad"]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), budget=BUDGETS, seed=st.integers(0, 2**32))
def test_the_order_of_the_candidates_does_not_matter(make, data, budget, seed):
    files, candidates = data.draw(make.cases())
    shuffled = list(candidates)
    random.Random(seed).shuffle(shuffled)
    backwards = dict(reversed(files.items()))
    subject, counts = make.subject(), counter("bytes4")
    assert compose(subject, candidates, files, budget, counts) == compose(subject, shuffled, backwards, budget, counts)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_piece_has_a_reason_and_lies_in_the_markdown(make, data):
    files, candidates = data.draw(make.cases())
    composed = compose(make.subject(), candidates, files, 4_000, counter("bytes4"))
    for item in composed.items:
        assert item.reason
        assert item.tokens > 0
        assert f"{item.path}:{item.start_line}" in composed.markdown
        assert item.content in composed.markdown or item.rendering is Rendering.SIGNATURE


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_full_pieces_hold_the_lines_that_they_name_and_never_overlap(make, data):
    files, candidates = data.draw(make.cases())
    composed = compose(make.subject(), candidates, files, 6_000, counter("bytes4"))
    seen = set()
    for item in composed.items:
        if item.rendering is Rendering.FULL:
            file = files[item.repository, item.path]
            assert item.content == file.text(item.start_line, item.end_line)
            lines = {(item.path, number) for number in range(item.start_line, item.end_line + 1)}
            assert not seen & lines
            seen |= lines


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_code_cannot_leave_its_fence(make, data):
    files, candidates = data.draw(make.cases())
    composed = compose(make.subject(), candidates, files, 6_000, counter("bytes4"))
    outside = _outside_of_fences(composed.markdown)
    for item in composed.items:
        if item.rendering >= Rendering.SKELETON:
            assert sum(line.startswith("## ") and f"{item.path}:{item.start_line}" in line for line in outside) >= 1
    assert outside[0].startswith("# Context")
    headings = [line for line in outside if line.startswith("## ")]
    shown = [item for item in composed.items if item.rendering >= Rendering.SKELETON]
    assert len(headings) <= len(shown) + 2


def _outside_of_fences(markdown):
    """Lines outside of fenced code, by the rule of CommonMark: a fence ends at a line of at least as many ticks."""
    outside, fence = [], ""
    for line in markdown.split("\n"):
        ticks = re.match(r" {0,3}(`{3,})[^`]*$", line)
        if fence:
            closing = re.match(r" {0,3}(`{3,})[ \t]*$", line)
            if closing and len(closing[1]) >= len(fence):
                fence = ""
        elif ticks:
            fence = ticks[1]
        else:
            outside.append(line)
    assert not fence, "a fence stays open"
    return outside


def test_a_small_budget_gives_a_list_of_places(make):
    definitions = [make.definition("compute", 1, 60)]
    files = {
        ("demo", f"src/part_{n}.py"): code_file(make, f"src/part_{n}.py", 60, definitions=definitions) for n in range(5)
    }
    candidates = [make.hit(path, 1, 60, 1.0 - n / 10, symbol="compute") for n, (_, path) in enumerate(files)]
    composed = compose(make.subject(), candidates, files, 256, counter("o200k_base"))
    assert len(composed.items) >= 3
    assert {item.rendering for item in composed.items} == {Rendering.SIGNATURE}
    assert composed.stopping_reason is StoppingReason.BUDGET_FULL


def test_what_did_not_fit_is_listed_best_first(make):
    files = {("demo", f"p{n}.py"): code_file(make, f"p{n}.py", 40) for n in range(200)}
    candidates = [make.hit(path, 1, 40, 1.0 - n / 1_000, reason=f"reason {n}") for n, (_, path) in enumerate(files)]
    composed = compose(make.subject(), candidates, files, 2_000, counter("bytes4"))
    assert composed.stopping_reason is StoppingReason.BUDGET_FULL
    assert len(composed.omitted) == MAX_OMITTED
    assert [each.path for each in composed.omitted] == sorted(
        (each.path for each in composed.omitted), key=lambda path: int(path[1:-3])
    )
    assert all(each.tokens > 0 and "budget is full" in each.reason for each in composed.omitted)
    assert "## Left out" in composed.markdown


def test_what_is_worth_little_stays_out_even_with_room(make):
    files = {("demo", path): code_file(make, path, 20) for path in ("good.py", "bad.py")}
    candidates = [make.hit("good.py", 1, 20, 1.0), make.hit("bad.py", 1, 20, 0.01)]
    composed = compose(make.subject(), candidates, files, 8_000, counter("bytes4"))
    assert [item.path for item in composed.items] == ["good.py"]
    assert composed.stopping_reason is StoppingReason.NOTHING_MORE_USEFUL
    assert [each.path for each in composed.omitted] == ["bad.py"]
    assert "worth less than" in composed.omitted[0].reason
    assert composed.omitted[0].tokens > 0


def test_no_candidates_make_a_short_bundle_that_says_so(make):
    composed = compose(make.subject(), [], {}, 256, counter("cl100k_base"))
    assert composed.stopping_reason is StoppingReason.NO_RESULTS
    assert "Nothing in the index fits" in composed.markdown
    assert composed.items == ()


def test_a_named_file_is_there_whatever_else_would_be_worth_more(make):
    files = {("demo", path): code_file(make, path, 400) for path in ("named.py", *(f"hit{n}.py" for n in range(40)))}
    candidates = [make.hit(f"hit{n}.py", 1, 3, 2.0) for n in range(40)]
    candidates.append(make.hit("named.py", 1, 400, 1.2, origin=Origin.OUTLINE, reason="named in the request"))
    composed = compose(make.subject(), candidates, files, 256, counter("bytes4"))
    assert "named.py" in [item.path for item in composed.items]


def test_named_files_that_do_not_even_fit_by_their_places_are_listed_as_left_out(make):
    paths = [f"{'deep/' * 60}named{n}.py" for n in range(9)]
    files = {("demo", path): code_file(make, path, 4) for path in paths}
    candidates = [make.hit(path, 1, 4, 1.2, origin=Origin.OUTLINE, reason="named in the request") for path in paths]
    composed = compose(make.subject(), candidates, files, 256, counter("bytes4"))
    assert {*(item.path for item in composed.items), *(each.path for each in composed.omitted)} == set(paths)


def test_a_long_task_leaves_room_for_code(make):
    files = {("demo", "a.py"): code_file(make, "a.py", 4)}
    subject = make.subject(task="\U0001f4a5" * 300)
    composed = compose(subject, [make.hit("a.py", 1, 4, 1.0)], files, 256, counter("o200k_base"))
    assert [item.path for item in composed.items] == ["a.py"]


def test_a_piece_that_fits_nowhere_is_said_so(make):
    path = "deep/" * 400 + "a.py"
    files = {("demo", path): code_file(make, path, 4)}
    composed = compose(make.subject(), [make.hit(path, 1, 4, 1.0)], files, 256, counter("bytes4"))
    assert "No piece fits" in composed.markdown
    assert composed.stopping_reason is StoppingReason.BUDGET_FULL
    assert [each.path for each in composed.omitted] == [path]


def test_the_most_useful_file_comes_first_and_its_lines_in_order(make):
    files = {("demo", path): code_file(make, path, 90) for path in ("a.py", "b.py")}
    candidates = [
        make.hit("a.py", 1, 20, 0.5), make.hit("b.py", 60, 80, 1.0), make.hit("b.py", 1, 20, 0.4)
    ]  # fmt: skip
    composed = compose(make.subject(), candidates, files, 8_000, counter("bytes4"))
    assert [(item.path, item.start_line) for item in composed.items] == [("b.py", 1), ("b.py", 60), ("a.py", 1)]


def test_degraded_bundles_say_so_and_show_no_signature(make):
    files = {("demo", "a.py"): code_file(make, "a.py", 20)}
    subject = make.subject(degraded=("semantic",))
    composed = compose(subject, [make.hit("a.py", 1, 20, 1.0)], files, 8_000, counter("bytes4"))
    assert "semantic did not answer" in composed.markdown
    assert "Signature:" not in composed.markdown


def test_a_bundle_made_while_vectors_are_pending_tells_how_many(make):
    files = {("demo", "a.py"): code_file(make, "a.py", 20)}
    pending = "demo at main: vectors pending, 3 of 9 embedded"
    subject = replace(make.subject(degraded=("semantic",)), notices=(pending,))
    composed = compose(subject, [make.hit("a.py", 1, 20, 1.0)], files, 8_000, counter("bytes4"))
    assert f"Not complete ({pending}), so it has no signature." in composed.markdown


def test_a_larger_budget_never_shows_less_of_the_best_piece(make):
    definitions = [make.definition("compute", 1, 300), make.definition("other", 200, 300)]
    files = {("demo", "a.py"): code_file(make, "a.py", 300, definitions=definitions)}
    candidates = [make.hit("a.py", 1, 300, 1.0, symbol="compute")]
    shown = [
        compose(make.subject(), candidates, files, budget, counter("bytes4")).items[0].rendering
        for budget in (256, 600, 2_000, 20_000)
    ]
    assert shown == sorted(shown)
    assert shown[-1] is Rendering.FULL
