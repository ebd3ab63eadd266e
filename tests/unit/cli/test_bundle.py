"""`pampax bundle`: what is shown, what is compared, and the exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from ..client.conftest import Gateway, Told  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run
from .test_commands import BUNDLE, EVIDENCE

SIGNATURE, OTHER = "3f" * 32, "77" * 32


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the test's gateway."""
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")


def item(path: str, rendering: str = "full", content: str = "x = 1\n") -> dict[str, Any]:
    return {
        "repo": "shop", "path": path, "start_line": 1, "end_line": 9, "language": "python", "symbol": "pay",
        "rendering": rendering, "tokens": 5, "reason": "matches", "evidence": [EVIDENCE], "content": content,
    }  # fmt: skip


def bundle(signature: str, *items: dict[str, Any], degraded: tuple[str, ...] = ()) -> dict[str, Any]:
    markdown = "".join(f"{each['path']}\n{each['content']}" for each in items) + f"Signature: {signature}\n"
    told = {"signature": signature, "items": list(items), "markdown": markdown, "degraded": list(degraded)}
    return {**BUNDLE, **told}


def verified(status: str, *changes: str, current: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"signature": SIGNATURE, "status": status, "changes": list(changes), "current": current}
    return {**told, "took_ms": 2.0, "corr_id": "c", "trace_id": "t"}


BEFORE = bundle(SIGNATURE, item("a.py"), item("b.py"), item("c.py"))
AFTER = bundle(OTHER, item("a.py"), item("b.py", "signature", "def pay():"), item("d.py"))


def test_a_kept_bundle_is_shown_byte_for_byte(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(BEFORE))
    code, out, err = run("bundle", "show", SIGNATURE[:12])
    assert (code, out) == (0, BEFORE["markdown"])
    assert "signature 3f3f3f3f3f3f" in err
    assert gateway.asked[0].path == f"/v1/bundles/{SIGNATURE[:12]}"


def test_a_kept_bundle_may_go_to_a_file_as_json(gateway: Gateway, run: Run, tmp_path: Path) -> None:
    gateway.will(Told(BEFORE), Told(BEFORE))
    assert run("bundle", "show", SIGNATURE, "--json", "-o", "b.json")[:2] == (0, "")
    assert json.loads((tmp_path / "b.json").read_text()) == BEFORE
    assert run("bundle", "show", SIGNATURE, "-o", "b.md")[:2] == (0, "")
    assert (tmp_path / "b.md").read_text() == BEFORE["markdown"]


@pytest.mark.parametrize(
    ("answer", "code", "out"),
    [
        (verified("same"), 0, "3f3f3f3f3f3f: the same bytes\n"),
        (
            verified("changed", "shop (main) was published again: generation 1 -> 2, no commit", current=AFTER),
            7,
            "3f3f3f3f3f3f: changed\n  shop (main) was published again: generation 1 -> 2, no commit\n",
        ),
        (
            verified("unknown", "not whole now", current=AFTER),
            4,
            "3f3f3f3f3f3f: nothing can be said\n  not whole now\n",
        ),
    ],
)
def test_a_verification_is_told_and_has_its_exit_code(
    gateway: Gateway, run: Run, answer: dict[str, Any], code: int, out: str
) -> None:
    gateway.will(Told(answer), Told(answer))
    assert run("bundle", "verify", SIGNATURE)[:2] == (code, out)
    again, document, _ = run("bundle", "verify", SIGNATURE, "--json")
    current = answer["current"] and answer["current"]["signature"]
    assert (again, json.loads(document)) == (code, {**answer, "current": current})


def test_two_bundles_are_compared_by_piece_and_by_line(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(BEFORE), Told(AFTER))
    code, out, _ = run("bundle", "diff", SIGNATURE, OTHER)
    assert code == 7
    pieces, _, text = out.partition("\n\n")
    assert pieces.splitlines() == [
        "+ d.py:1-9 in shop pay, full", "- c.py:1-9 in shop pay, full", "~ b.py:1-9 in shop pay: full -> signature",
    ]  # fmt: skip
    assert text.startswith("--- 3f3f3f3f3f3f\n+++ 777777777777\n")
    assert f"-Signature: {SIGNATURE}\n+" in text


def test_a_bundle_is_compared_with_what_the_request_gives_now(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(BEFORE), Told(verified("changed", "x", current=AFTER)))
    code, out, _ = run("bundle", "diff", SIGNATURE, "--json")
    found = json.loads(out)
    assert (code, found["same"], found["added"]) == (7, False, ["d.py:1-9 in shop pay, full"])
    assert "+++ now\n" in found["text"]


def test_the_same_bytes_have_no_difference(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(BEFORE), Told(verified("same")))
    assert run("bundle", "diff", SIGNATURE)[:2] == (0, "the same bytes\n")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (verified("changed", "no ref 'main' in repository 'shop'"), 2),
        (verified("unknown", "not whole now", current=bundle("", degraded=("semantic",))), 4),
    ],
)
def test_what_cannot_be_compared_is_said(gateway: Gateway, run: Run, answer: dict[str, Any], code: int) -> None:
    gateway.will(Told(BEFORE), Told(answer))
    done, out, err = run("bundle", "diff", SIGNATURE)
    assert (done, out) == (code, "")
    assert err.startswith(f"pampax: 3f3f3f3f3f3f cannot be compared: {answer['changes'][0]}")


def test_what_is_no_signature_is_refused_as_the_argument(gateway: Gateway, run: Run) -> None:
    mistake = "must be a bundle's signature, or 12 or more of its first digits, got 'x'"
    fields = [{"field": "signature", "message": mistake}]
    refusal = {"status": 400, "detail": f"signature {mistake}", "reason": "INVALID_REQUEST", "fields": fields}
    gateway.will(Told(refusal, 400))
    assert run("bundle", "show", "x")[::2] == (2, f"pampax: SIGNATURE {mistake}\n")


@pytest.mark.parametrize("word", ["", "..", "a/b"])
def test_what_leads_to_another_route_never_leaves(gateway: Gateway, run: Run, word: str) -> None:
    code, _, err = run("bundle", "show", word)
    assert (code, gateway.asked) == (2, [])
    assert err.startswith("pampax: SIGNATURE must be a bundle's signature")


def test_a_wrong_word_is_answered_with_the_nearest(run: Run) -> None:
    assert "did you mean verify?" in run("bundle", "verfy", SIGNATURE)[2]
