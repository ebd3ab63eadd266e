"""What `pampax index` and `pampax status` say of a run that could not index everything."""

import json
import re
from typing import Any

import pytest

from pampax.cli.indexing.progress import pace

from ..client.conftest import Gateway, Told  # noqa: TID252 - see conftest
from .conftest import Run
from .test_commands import OPERATION, REPOSITORY, RESULT_OF_INDEXING, URL

ERRORS = [
    {"path": "secret.py", "reason": "unreadable", "by_lines": False},
    *({"path": f"deep{n}.py", "reason": "timeout", "by_lines": True} for n in range(6)),
]
RESULT = {**RESULT_OF_INDEXING, "errors": ERRORS, "error_count": 120, "missing_count": 1}
PARTIAL: dict[str, Any] = {**OPERATION, "done": True, "state": "partial", "stage": "done", "result": RESULT}
BY_LINES = {**PARTIAL, "result": {**RESULT, "errors": ERRORS[1:], "error_count": 6, "missing_count": 0}}


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")


def test_files_that_are_left_out_are_counted_and_the_exit_code_says_so(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(PARTIAL, 202))
    code, out, err = run("index", URL, "--json")
    assert (code, err) == (8, "")
    done = json.loads(out.splitlines()[-1])
    assert (done["state"], done["error_count"], done["missing_count"], len(done["errors"])) == ("partial", 120, 1, 7)


def test_files_that_are_cut_by_lines_are_told_and_nothing_is_missing(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(BY_LINES, 202))
    code, out, _ = run("index", URL)
    assert (code, json.loads(out.splitlines()[-1])["state"]) == (0, "partial")


def test_on_a_terminal_what_is_missing_comes_first(gateway: Gateway, run_on_terminal: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(PARTIAL, 202))
    code, out, _ = run_on_terminal("index", URL)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out).splitlines()
    assert code == 8
    first = plain.index("  incomplete: 1 file left out because something failed")
    assert plain[first + 1 : first + 3] == [
        "  left out (unreadable): secret.py",
        "  as plain lines (timeout): deep0.py",
    ]
    assert "  and 115 more" in plain


def test_the_status_tells_what_the_last_run_left_out(gateway: Gateway, run: Run) -> None:
    listed = Told({"operations": [PARTIAL], "next_page_token": ""})
    missing = Told({"status": 404, "detail": "no", "reason": "NOT_FOUND"}, 404)
    gateway.will(Told(REPOSITORY), listed, missing)
    assert "the last indexing left 1 file out because something failed\n" in run("status", "shop")[1]


def test_options_of_a_run_are_passed_on(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(OPERATION, 202))
    assert run("index", URL, "--retry-quarantined", "--bulk", "--no-wait")[0] == 0
    assert gateway.asked[-1].body == {"retry_quarantined": True, "priority": "bulk"}


@pytest.mark.parametrize(
    ("stage", "rate", "remaining_s", "said"),
    [
        ("parsing", 0.0, None, ""),
        ("parsing", 0.25, None, "0.2 files/s"),
        ("parsing", 1234.5, 90.0, "1,234 files/s, 2 min left"),
        ("fetching", 12.0, None, "12 MiB/s"),
    ],
)
def test_speed_is_told_as_far_as_it_is_known(stage: str, rate: float, remaining_s: float | None, said: str) -> None:
    assert pace(stage, rate, remaining_s) == said
