"""Text and regular expressions through the real service: where they match, in which order, narrowed and in pages."""

import re
import time

import pytest

from pampax.core.errors import DeadlineExceeded, InvalidRequest
from pampax.search.pattern import search as module
from pampax.search.pattern.matcher import Matcher
from pampax.search.query import Intent
from pampax.search.request import Mode, SearchRequest
from pampax.search.why_not import Stage

STEPS = "".join(f"    card.step_{number}(amount, currency, at_once=True)\n" for number in range(40))
FILES = {
    "src/cards.py": (
        f"class Card:\n    limit = 1\n\n\ndef refund_card(card):\n{STEPS}"
        "    charge_card(card)\n    return card\n\n\n"
        f"def charge_card(card):\n{STEPS}    return card\n"
    ),
    "src/pay.go": 'package src\n\nfunc Pay() error {\n\treturn fmt.Errorf("could not charge %s: %w", card, err)\n}\n',
    "tests/test_cards.py": "from cards import charge_card\n\n\ndef test_charge_card():\n    assert charge_card(1)\n",
    "notes.txt": "\ufeffcharge_card is old\r\nCHARGE_CARD is older\r\n",
    "copy/cards.py": "X = 'charge_card'\n",
    "same/cards.py": "X = 'charge_card'\n",
}


@pytest.fixture(scope="module")
def cards(new_repository):
    made = new_repository("cards", FILES)
    assert made.index() == "succeeded"
    return made


@pytest.fixture
def find(service, cards):
    async def ask(query, mode=Mode.REGEX, **narrowed):
        narrowed.setdefault("repositories", ("cards",))
        return await service.search(cards.caller, SearchRequest(query=query, mode=mode, **narrowed))

    return ask


def places(answer):
    return [(result.path, *result.matched_lines) for result in answer.results]


async def test_the_file_that_defines_the_name_comes_first_and_tests_last(find):
    answer = await find("charge_card", Mode.LITERAL)
    assert answer.intent is Intent.LITERAL
    assert places(answer)[:2] == [("src/cards.py", 50), ("src/cards.py", 46)]
    assert [path for path, *_ in places(answer)][2:] == ["copy/cards.py", "tests/test_cards.py", "notes.txt"]
    assert answer.results[2].other_paths == ("same/cards.py",)


async def test_an_expression_matches_line_by_line_and_over_lines(find):
    assert places(await find(r"^def \w+d_card\(")) == [("src/cards.py", 5)]
    assert places(await find(r"return card\n\n+def")) == [("src/cards.py", 47)]
    assert places(await find("^charge_card is")) == [("notes.txt", 1)]
    assert places(await find(r"^(def|class) (charge_c|C)ard")) == [("src/cards.py", 1), ("src/cards.py", 50)]
    assert places(await find("refund_(card|money)")) == [("src/cards.py", 5)]


async def test_case_counts_unless_it_is_ignored(find):
    assert places(await find("CHARGE_CARD", Mode.LITERAL)) == [("notes.txt", 2)]
    ignoring = await find("Charge_Card IS", Mode.LITERAL, ignore_case=True)
    assert places(ignoring) == [("notes.txt", 1, 2)]
    assert places(await find("(?i)Charge_Card IS")) == places(ignoring)


async def test_filters_narrow_a_pattern(find):
    assert places(await find("charge", languages=frozenset({"go"}))) == [("src/pay.go", 4)]
    assert {path for path, *_ in places(await find("charge", path_glob="same/**"))} == {"same/cards.py"}
    functions = await find("charge_card", kinds=frozenset({"function"}))
    assert {result.kind for result in functions.results} == {"function"}
    assert places(functions)[0] == ("src/cards.py", 50)
    by_file = await find("charge_card", by_file=True)
    assert len({path for path, *_ in places(by_file)}) == len(by_file.results) == 4


async def test_parts_add_up_and_lines_hold_the_match(find):
    for result in (await find("charge_card", explain=True)).results:
        assert sum(part.score for part in result.evidence) == pytest.approx(result.score)
        lines = FILES[result.path].lstrip("\ufeff").splitlines()
        assert all("charge_card" in lines[line - 1] for line in result.matched_lines)
        assert all(result.start_line <= line <= result.end_line for line in result.matched_lines)


async def test_pages_follow_one_another(find, monkeypatch):
    monkeypatch.setattr(module, "FIRST_AT_ONCE", 1)
    whole = places(await find("card"))
    assert len(whole) > 4
    paged, token = [], ""
    while len(paged) < len(whole):
        page = await find("card", limit=2, page_token=token)
        paged += places(page)
        token = page.next_page_token
    assert (paged, token) == (whole, "")


async def test_a_question_in_quotes_is_looked_for_as_it_stands_and_else_by_its_words(find):
    found = await find('"could not charge %s"', Mode.HYBRID)
    assert (found.intent, places(found)) == (Intent.LITERAL, [("src/pay.go", 4)])
    words = await find('"refund the card"', Mode.HYBRID)
    assert words.intent is Intent.QUESTION
    assert words.results[0].path == "src/cards.py"
    assert "nothing matches 'refund the card' as it stands" in words.notices[0]


async def test_what_only_looks_like_a_pattern_is_looked_for_by_its_words_and_says_so(find):
    answer = await find("/charge_card(/", Mode.HYBRID)
    assert answer.results[0].path == "src/cards.py"
    assert "as a pattern it cannot be used: missing ) at character 12" in answer.notices[0]


async def test_nothing_is_an_answer_where_a_pattern_was_asked_for(find):
    answer = await find("refund the card", Mode.LITERAL)
    assert (answer.results, answer.notices) == ((), ())


async def test_no_pattern_is_refused_with_its_place(find):
    with pytest.raises(InvalidRequest, match=re.escape("missing ) at character 7")):
        await find("charge(card")


async def test_what_was_not_looked_into_is_told(find, monkeypatch):
    monkeypatch.setattr(module, "FIRST_AT_ONCE", 1)
    monkeypatch.setattr(module, "MAX_READ_BYTES", 1)
    answer = await find("C[A-Z]+_[A-Z]+ i")
    assert answer.results == ()
    (notice,) = answer.notices
    assert re.search(r"cards at worktree: 1 of the \d files that may match were looked into", notice)


async def test_a_pattern_that_takes_too_long_ends(find, monkeypatch):
    await find("charge")
    monkeypatch.setattr(Matcher, "lines", lambda *_: time.sleep(0.5))
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    with pytest.raises(DeadlineExceeded, match="pattern"):
        await find("charge")


@pytest.mark.parametrize(
    ("path", "stage", "told"),
    [
        ("src/cards.py", Stage.SHOWN, "result 1"),
        ("tests/test_cards.py", Stage.OUTRANKED, "matches on line 1"),
        ("src/pay.go", Stage.NO_EVIDENCE, "no line of it matches"),
        ("nowhere.py", Stage.NOT_INDEXED, "not in the index"),
    ],
)
async def test_a_file_that_is_missed_is_told_why(find, path, stage, told):
    answer = await find("charge_card", limit=1, why_not=path)
    ((_, missed),) = answer.why_not
    assert missed.stage is stage
    assert told in missed.detail


async def test_a_refresh_is_found_and_what_it_removed_is_not(service, cards, new_repository):
    made = new_repository("changing", {f"part{n}.py": f"VALUE_{n} = 'kept{n}'\n" for n in range(8)}, beside=cards)
    assert made.index() == "succeeded"

    async def found(text):
        request = SearchRequest(query=text, mode=Mode.LITERAL, repositories=("changing",))
        return places(await service.search(made.caller, request))

    assert await found("'kept3'") == [("part3.py", 1)]
    made.write({"part3.py": "# nothing\nVALUE_3 = 'changed3'\n", "part9.py": "VALUE_9 = 'changed9'\n"})
    assert made.index() == "succeeded"
    assert await found("'kept3'") == []
    assert await found("'changed") == [("part3.py", 2), ("part9.py", 1)]
    assert await found("'kept4'") == [("part4.py", 1)]


async def test_rows_of_before_without_bitmaps_are_looked_into(service, cards, new_repository):
    made = new_repository("older", {"old.py": "OLDER = 'ancient'\n"}, beside=cards)
    assert made.index() == "succeeded"
    with made.database.tenant(made.caller.tenant_id) as conn:
        conn.execute("UPDATE document SET grams = '' WHERE blob_id IN (SELECT blob_id FROM file WHERE path = 'old.py')")
    request = SearchRequest(query="'ancient'", mode=Mode.LITERAL, repositories=("older",))
    assert places(await service.search(made.caller, request)) == [("old.py", 1)]
