"""`pampax repos check`: what it shows, and its exit code."""

import json
from typing import Any

import pytest

from ..client.conftest import Gateway, Told  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run

SOUND: dict[str, Any] = {
    "ref": "main",
    "commit": "ab" * 20,
    "build": "1-abc",
    "documents": 100,
    "of_documents": 1_234,
    "undecided": 1,
    "differing": 0,
    "differences": [],
    "recall": 0.985,
    "recall_queries": 20,
    "detail": "",
    "seconds": 2.345,
}
WRONG: dict[str, Any] = {
    **SOUND,
    "undecided": 0,
    "differing": 3,
    "differences": [{"path": "", "parts": ["counts"]}, {"path": "src/pay.py", "parts": ["chunks", "terms"]}],
    "recall": None,
    "recall_queries": 0,
}


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")


def test_a_sound_index_ends_with_0(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(SOUND))
    code, out, err = run("repos", "check", "shop", "--ref", "main", "--documents", "200")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "the same  main ababababab: 100 of 1,234 documents derived anew in 2.3 s",
        "1 document left out: the parser gives up on them",
        "the vector index finds 98.5% of the exact neighbours, by 20 questions",
    ]
    assert gateway.asked[0].body == {"ref": "main", "documents": 200}


def test_one_that_differs_ends_with_7_and_tells_where(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(WRONG))
    code, out, err = run("repos", "check", "shop")
    assert code == 7
    assert out.splitlines()[1:] == [
        "PATH                   DIFFERS IN",
        "(the snapshot itself)  counts",
        "src/pay.py             chunks, terms",
        "and 1 more",
    ]
    assert "PampaxIndexDiffers" in err
    assert run("repos", "check", "shop", "--quiet") == (7, "", "")


def test_json_is_what_was_sent_with_the_same_exit_code(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(WRONG))
    code, out, err = run("repos", "check", "shop", "--json")
    assert (code, json.loads(out), err) == (7, WRONG, "")


def test_why_nothing_was_derived_is_told(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**SOUND, "documents": 0, "detail": "another version of the code has derived it"}))
    code, out, _ = run("repos", "check", "shop")
    assert (code, out.splitlines()[1]) == (0, "another version of the code has derived it")


@pytest.mark.parametrize("documents", ["0", "10001", "many"])
def test_a_number_out_of_bounds_is_refused_before_anybody_is_asked(gateway: Gateway, run: Run, documents: str) -> None:
    assert run("repos", "check", "shop", "--documents", documents)[0] == 2
    assert not gateway.asked
