"""What commands make of a gateway's answers, healthy or not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pampax.core.ids import git_blob_id
from pampax.embedded.layout import DataDir

from ..client.conftest import Gateway, Told  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run

SNAPSHOT = {"repo": "shop", "ref": "main", "commit": "ab" * 20, "generation": 2, "build": "b1", "age_s": 90.0}
EVIDENCE = {"source": "text", "rank": 1, "score": 1.25, "value": 0.5, "detail": "words of the question"}
RESULT = {
    "id": "c1",
    "repo": "shop",
    "ref": "main",
    "commit": "ab" * 20,
    "path": "src/pay.py",
    "other_paths": ["copy/pay.py"],
    "start_line": 10,
    "end_line": 12,
    "language": "python",
    "kind": "function",
    "symbol": "pay",
    "score": 1.25,
    "content": "def pay():\n    retry()\n",
    "evidence": [EVIDENCE],
}
ANSWER: dict[str, Any] = {
    "results": [RESULT],
    "intent": "question",
    "cache": "hit",
    "took_ms": 12.0,
    "degraded": ["semantic"],
    "generation": 2,
    "build": "b1",
    "age_s": 90.0,
    "snapshots": [SNAPSHOT],
    "corr_id": "c",
    "trace_id": "t",
    "next_page_token": "more",
}
STATUS = {
    "ref": "main",
    "commit": "ab" * 20,
    "dirty": True,
    "generation": 2,
    "build": "b1",
    "publish_time": "2025-01-01T00:00:00Z",
    "age_s": 7_300.0,
    "files": 1_234,
    "chunks": 5_678,
    "skipped": {"binary": 3},
}
REPOSITORY: dict[str, Any] = {
    "name": "shop",
    "source": {"git_url": "https://git.example.com/shop.git"},
    "include": ["*.py"],
    "exclude": [],
    "create_time": "2025-01-01T00:00:00Z",
    "refs": [STATUS],
    "default_ref": "main",
}
OPERATION: dict[str, Any] = {
    "id": "op-1",
    "done": False,
    "state": "running",
    "kind": "index",
    "repository": "shop",
    "ref": "",
    "stage": "parsing",
    "progress": {"done": 5, "total": 10, "rate": 2.5, "remaining_s": 2.0},
    "errors": [],
    "create_time": "2025-01-01T00:00:00Z",
    "update_time": "2025-01-01T00:00:00Z",
}
RESULT_OF_INDEXING = {
    "status": STATUS,
    "new_blobs": 4,
    "changed": True,
    "errors": [{"path": "x.py", "reason": "crash"}],
}
SUCCEEDED = {**OPERATION, "done": True, "state": "succeeded", "stage": "done", "result": RESULT_OF_INDEXING}
URL = "https://git.example.com/shop.git"


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the test's gateway."""
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")


def test_a_result_is_shown_with_place_code_and_parts(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(ANSWER))
    code, out, err = run("search", "retry", "payments", "--explain")
    assert code == 0
    assert out.splitlines() == [
        "1. src/pay.py:10-12  pay  function · python · 1.250",
        "   also copy/pay.py",
        "    10  def pay():",
        "    11      retry()",
        "   SIGNAL  RANK  VALUE  POINTS  WHY",
        "   text       1  0.500  +1.250  words of the question",
        "   total                 1.250",
        "",
        "1 result · 12 ms · cache hit · read as question · shop@main ababababab, 2 min old",
        "without semantic; `pampax health` tells why",
    ]
    assert err == "more with: --page-token more\n"
    assert gateway.asked[0].body["query"] == "retry payments"


def test_a_file_that_is_missed_is_shown_with_its_stage_and_parts(gateway: Gateway, run: Run) -> None:
    missed = {
        "repo": "shop", "path": "src/late.py", "stage": "outranked", "detail": "its best lines come in place 17",
        "rank": 17, "score": 1.25, "evidence": [EVIDENCE],
    }  # fmt: skip
    gateway.will(Told({**ANSWER, "results": [], "why_not": [missed]}))
    code, out, _ = run("search", "retry", "--why-not", "src/late.py")
    assert code == 0
    assert out.splitlines()[1:] == [
        "src/late.py in shop: its best lines come in place 17",
        "   SIGNAL  RANK  VALUE  POINTS  WHY",
        "   text       1  0.500  +1.250  words of the question",
        "   total                 1.250",
    ]
    assert gateway.asked[-1].body["why_not"] == "src/late.py"


PENDING = "shop at main: vectors pending, 3 of 9 embedded"


def test_pending_vectors_are_told_where_a_part_is_missing(gateway: Gateway, run: Run) -> None:
    answer = {**ANSWER, "notices": [PENDING]}
    gateway.will(Told(answer), Told({**answer, "results": []}), Told({**BUNDLE, "notices": [PENDING]}))
    assert run("search", "x")[1].splitlines()[-1] == PENDING
    assert run("search", "x")[2].splitlines()[-1] == PENDING
    assert PENDING in run("assemble", "x")[2]


def test_json_is_the_answer_as_it_was_sent(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(ANSWER))
    code, out, err = run("search", "x", "--json")
    assert (code, err) == (0, "")
    assert list(json.loads(out).items()) == list(ANSWER.items())


def test_quiet_results_are_places(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(ANSWER))
    assert run("search", "x", "-q") == (0, "src/pay.py:10-12\n", "")


def test_a_search_over_several_repositories_names_them(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**ANSWER, "snapshots": [SNAPSHOT, {**SNAPSHOT, "repo": "web"}], "next_page_token": ""}))
    _, out, _ = run("search", "x")
    assert out.startswith("1. shop src/pay.py")
    assert "2 repositories, oldest 2 min" in out


def test_an_empty_system_is_told_apart_from_no_results(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**ANSWER, "results": [], "snapshots": []}))
    assert run("search", "x") == (0, "no results for 'x'\n", "nothing is indexed yet: `pampax index PATH`\n")


def test_calls_are_told_when_asked_for(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(ANSWER))
    _, _, err = run("search", "x", "-q", "-v")
    assert err.startswith("POST /v1/search: 200 in ")


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("degraded", 0), ("failed", 4)])
def test_health_has_an_exit_code(gateway: Gateway, run: Run, status: str, code: int) -> None:
    part = {"name": "search", "status": status, "took_ms": 3.0, "advice": ""}
    gateway.will(Told({"status": status, "components": [part]}))
    assert run("health")[0] == code
    assert json.loads(run("health", "--json")[1])["status"] == status
    assert run("health", "--quiet") == (code, "", "")


def test_health_shows_what_was_found_and_where_it_matters_what_to_do(gateway: Gateway, run: Run) -> None:
    parts = [
        {"name": "database", "status": "ok", "took_ms": 3.0, "advice": "", "detail": "4 of 100 connections in use"},
        {"name": "workers", "status": "degraded", "took_ms": 2.0, "advice": "start one", "detail": "0 alive"},
    ]
    gateway.will(Told({"status": "degraded", "took_ms": 4.0, "components": parts}))
    code, out, err = run("health", "--service", "indexing")
    assert code == 0
    assert out.splitlines()[1:] == [
        "PART      STATE     TOOK  WHAT",
        "database  ok        3 ms  4 of 100 connections in use",
        "workers   degraded  2 ms  start one",
    ]
    assert err == "degraded: it answers, but not with everything\n"
    assert gateway.asked[-1].path == "/v1/health?service=indexing"


def test_health_of_a_service_that_is_none_names_the_nearest(run: Run) -> None:
    code, _, err = run("health", "--service", "serch")
    assert code == 2
    assert "'serch' is not one of all, gateway, search" in err
    assert "did you mean search?" in err


@pytest.mark.parametrize(("status", "code"), [(400, 2), (401, 2), (404, 2), (409, 2), (429, 4), (500, 6), (504, 5)])
def test_a_refusal_has_the_exit_code_of_its_status(gateway: Gateway, run: Run, status: int, code: int) -> None:
    body = {"status": status, "detail": "no; do this", "reason": "R", "corr_id": "c0ffee"}
    gateway.will(Told(body, status, {"retry-after": "9"}))
    found, out, err = run("search", "x", "--json")
    assert (found, out) == (code, "")
    assert json.loads(err) == {
        "error": {"reason": "R", "message": "no; do this", "exit_code": code, "corr_id": "c0ffee"}
    }


def test_repositories_are_a_table(gateway: Gateway, run: Run) -> None:
    empty = {**REPOSITORY, "name": "new", "refs": [], "default_ref": ""}
    gateway.will(Told({"repositories": [REPOSITORY, empty], "next_page_token": ""}))
    assert run("repos")[1].splitlines() == [
        "NAME  REF   COMMIT       AGE  FILES  CHUNKS  SOURCE",
        f"shop  main  ababababab+  2 h  1,234   5,678  {URL}",
        f"new   -     -              -      -       -  {URL}",
    ]


def test_status_of_a_repository_tells_what_goes_on(gateway: Gateway, run: Run) -> None:
    fresh = {"state": "behind", "behind": 3, "source_commit": "cd" * 20, "checked_at": "", "detail": ""}
    told = Told({**fresh, "ref": "main", "commit": "ab" * 20})
    broken = {"path": "deep.py", "blob_id": "ab" * 20, "language": "python", "create_time": "", "reason": "crash"}
    quarantine = Told({"files": [{**broken, "by_lines": True}], "total": 11})
    gateway.will(Told(REPOSITORY), Told({"operations": [OPERATION], "next_page_token": ""}), told, quarantine)
    _, out, _ = run("status", "shop")
    assert out.splitlines() == [
        f"shop  {URL}",
        "only    *.py",
        "REF     COMMIT       GENERATION  AGE  FILES  CHUNKS  BUILD",
        "main *  ababababab+           2  2 h  1,234   5,678  b1",
        "skipped in main: 3 binary",
        "behind by 3 commits (the source is at cdcdcdcdcd)",
        "11 files broke a parser and will not be tried again: index with --retry-quarantined to do so",
        "  as plain lines (crash): deep.py",
        "  and 1 more",
        "indexing: parsing 5 of 10, 2.5 files/s, 2 s left",
    ]


def test_status_of_a_repository_counts_the_vectors_that_are_pending(gateway: Gateway, run: Run) -> None:
    pending = {**REPOSITORY, "refs": [{**STATUS, "pending_vectors": 678}]}
    fresh = {"state": "current", "behind": 0, "source_commit": "", "checked_at": "", "detail": ""}
    embedding = {**OPERATION, "stage": "embedding", "progress": {"done": 5_000, "total": 5_678}}
    gateway.will(
        Told(pending),
        Told({"operations": [embedding], "next_page_token": ""}),
        Told({**fresh, "ref": "main", "commit": ""}),
        Told({"files": [], "total": 0}),
    )
    _, out, _ = run("status", "shop")
    told = "vectors pending in main: 5,000 of 5,678 embedded; until then words, names and paths answer"
    assert out.splitlines()[-3:] == [told, "current", "indexing: embedding 5,000 of 5,678"]


def test_a_new_git_repository_is_created_and_followed(gateway: Gateway, run: Run) -> None:
    missing = Told({"status": 404, "detail": "no", "reason": "REPOSITORY_NOT_FOUND"}, 404)
    gateway.will(missing, Told(REPOSITORY, 201), Told(OPERATION, 202), Told(SUCCEEDED))
    code, out, err = run("index", URL, "--ref", "main", "--include", "*.py")
    assert (code, err) == (0, "")
    created, started = gateway.asked[1].body, gateway.asked[2].body
    assert created == {"name": "shop", "source": {"git_url": URL}, "include": ["*.py"], "exclude": []}
    assert started == {"ref": "main"}
    *steps, done = map(json.loads, out.splitlines())
    assert steps == [
        {"event": "progress", "stage": "parsing", "done": 5, "total": 10, "rate": 2.5, "remaining_s": 2.0},
        {"event": "progress", "stage": "done", "done": 5, "total": 10, "rate": 2.5, "remaining_s": 2.0},
    ]
    assert done["event"] == "done"
    assert (done["files"], done["new_blobs"], done["errors"]) == (1_234, 4, [{"path": "x.py", "reason": "crash"}])


def test_indexing_that_fails_has_the_error_of_the_operation(gateway: Gateway, run: Run) -> None:
    error = {"status": 400, "detail": "cannot fetch it; check the URL", "reason": "GIT_ACCESS_DENIED", "corr_id": ""}
    failed = {**OPERATION, "done": True, "state": "failed", "error": error}
    gateway.will(Told(REPOSITORY), Told(failed, 202))
    code, _, err = run("index", URL)
    assert (code, err) == (2, "pampax: cannot fetch it; check the URL\n")


def test_a_remote_gateway_gets_an_upload(gateway: Gateway, run: Run, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "a.py").write_text("x = 1\n")
    missing = Told({"status": 404, "detail": "no", "reason": "REPOSITORY_NOT_FOUND"}, 404)
    opened = Told({"upload": "u", "missing": [git_blob_id(b"x = 1\n")], "expires_at": ""})
    uploads = {**REPOSITORY, "source": {"upload": True}}
    answers = [missing, Told(uploads, 201), opened, Told({"upload": "u", "missing": 0}), Told(SUCCEEDED, 202)]
    gateway.will(*answers)
    code, _, err = run("index", "shop")
    assert (code, err) == (0, "")
    _, created, manifest, blobs, started = (asked.body for asked in gateway.asked)
    assert created["source"] == {"upload": True}
    assert [entry["path"] for entry in manifest["manifest"]] == ["a.py"]
    assert blobs["upload"] == started["upload"] == "u"


def test_a_repository_with_another_source_is_refused(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY))
    code, _, err = run("index", "https://git.example.com/other/shop.git")
    assert code == 2
    assert err == (
        f"pampax: repository 'shop' is there already and comes from {URL}; choose another name with --name\n"
    )


def test_deleting_asks_first(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(REPOSITORY), Told(b"", 204))
    code, _, err = run("repos", "delete", "shop")
    assert code == 2
    assert "needs --yes" in err
    assert run("repos", "delete", "shop", "--yes") == (0, "deleted shop\n", "")
    assert [asked.method for asked in gateway.asked] == ["GET", "GET", "DELETE"]


def test_a_ref_is_deleted_alone(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(b"", 204), Told(REPOSITORY), Told(b"", 204))
    assert run("repos", "delete", "shop", "--ref", "feature/x", "--yes") == (0, "deleted feature/x of shop\n", "")
    asked = gateway.asked[-1]
    assert (asked.method, asked.path) == ("DELETE", "/v1/repositories/shop/refs/feature/x")
    code, out, _ = run("repos", "delete", "shop", "--ref", "old", "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"deleted": "shop", "ref": "old"})


def test_a_ref_that_is_none_deletes_nothing(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(REPOSITORY))
    for ref in ("", "../shop"):
        code, _, err = run("repos", "delete", "shop", "--ref", ref, "--yes")
        assert (code, "a ref must be a branch" in err) == (2, True), err
    assert "DELETE" not in [asked.method for asked in gateway.asked]


BUNDLE = {
    "signature": "5e" * 32,
    "markdown": "# Context\n\ntext\x1b[2J\n",
    "items": [],
    "omitted": [
        {"repo": "shop", "path": "b.py", "start_line": 1, "end_line": 2, "symbol": "", "tokens": 9, "reason": "late"}
    ],
    "budget": {"limit": 8_000, "used": 7_812, "tokenizer": "bytes4", "exact": False},
    "stopping_reason": "budget_full",
    "cache": "miss",
    "took_ms": 1_230.0,
    "degraded": ["graph"],
    "snapshots": [SNAPSHOT],
    "corr_id": "c",
    "trace_id": "t",
}


def test_a_bundle_goes_to_stdout_byte_for_byte_and_its_summary_beside_it(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(BUNDLE))
    code, out, err = run("assemble", "fix", "it", "-b", "8000", "--seed", "a.py", "-r", "shop")
    assert (code, out) == (0, BUNDLE["markdown"])
    assert err == (
        "0 pieces · 7,812 of 8,000 tokens (bytes4, estimated) · the budget is full · 1 piece left out · "
        "without graph (see `pampax health`) · cache miss · 1.2 s · signature 5e5e5e5e5e5e\n"
    )
    assert gateway.asked[0].body["task"] == "fix it"
    assert gateway.asked[0].body["seed_paths"] == ["a.py"]


def test_every_option_of_a_bundle_reaches_the_gateway(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(BUNDLE))
    code, _, _ = run(
        "assemble", "x", "--must", "a.py#f", "--must", "b.py:1-9", "--exclude", "vendor/**", "--with", "tests",
        "--without", "docs", "--depth", "2", "--policy", "broad", "--format", "compact",
    )  # fmt: skip
    assert code == 0
    assert gateway.asked[0].body == {
        "task": "x", "repos": [], "tokenizer": "o200k_base", "format": "compact", "seed_paths": [],
        "must_include": ["a.py#f", "b.py:1-9"], "exclude_globs": ["vendor/**"], "tests": "with", "docs": "without",
        "depth": 2, "policy": "broad",
    }  # fmt: skip


def test_what_is_wanted_and_not_wanted_is_a_mistake(run: Run) -> None:
    code, _, err = run("assemble", "x", "--with", "docs", "--without", "docs")
    assert (code, "docs can be wanted or not, not both" in err) == (2, True)
    assert run("assemble", "x", "--stream", "-o", "b.md")[0] == 2
    code, _, err = run("assemble", "x", "--policy", "greedy")
    assert (code, "is not one of" in err) == (2, True)


PIECE = {
    "repo": "shop", "path": "a.py", "start_line": 3, "end_line": 4, "language": "python", "symbol": "f",
    "rendering": "full", "tokens": 12, "reason": "best match", "evidence": [], "id": "0" * 24, "value": 1.0,
    "value_per_token": 0.0833, "rank": 1, "content": "def f():\n    return 1",
}  # fmt: skip
EXPLAINED = {
    **{name: value for name, value in BUNDLE.items() if name not in ("markdown", "items")},
    "confidence": {"value": 0.5, "reasons": ["all words are found"]},
    "timings": [{"stage": "search", "duration_ms": 12.0}],
    "omitted": [{**OMITTED, "id": "", "value": 0.4, "value_per_token": 0.04} for OMITTED in BUNDLE["omitted"]],
}


def streamed(*last: object) -> Told:
    header = {"snapshots": BUNDLE["snapshots"], "budget": BUNDLE["budget"]}
    piece = {**PIECE, "position": 0, "tokens_used": 12}
    return Told("\n".join(json.dumps(part) for part in ({"header": header}, {"piece": piece}, *last)).encode())


def test_pieces_are_shown_as_they_come(gateway: Gateway, run: Run) -> None:
    gateway.will(streamed({"summary": EXPLAINED}))
    code, out, err = run("assemble", "x", "--stream", "--explain")
    assert code == 0
    assert out.splitlines()[:4] == [
        "1. a.py:3-4 f", "   best match; full, 12 tokens so far", "     3  def f():", "     4      return 1"
    ]  # fmt: skip
    assert "1 piece · 7,812 of 8,000 tokens" in err
    assert "timings: search 12 ms" in err
    assert "confidence 0.50: all words are found" in err
    assert "cut: b.py:1-2 (9 tokens): late" in err


def test_a_stream_in_json_is_a_document_a_line(gateway: Gateway, run: Run) -> None:
    gateway.will(streamed({"summary": EXPLAINED}))
    code, out, _ = run("assemble", "x", "--stream", "--json")
    assert code == 0
    assert [list(json.loads(line)) for line in out.splitlines()] == [["header"], ["piece"], ["summary"]]


def test_a_stream_that_fails_on_the_way_is_an_error(gateway: Gateway, run: Run) -> None:
    problem = {"status": 503, "detail": "it rests", "reason": "UNAVAILABLE"}
    gateway.will(streamed({"error": problem}))
    code, out, err = run("assemble", "x", "--stream")
    assert (code, "it rests" in err, "a.py:3-4" in out) == (4, True, True)
    gateway.will(streamed())
    assert run("assemble", "x", "--stream")[::2] == (4, "pampax: the bundle ended before it was whole; try again\n")


def test_an_explanation_is_told_beside_the_bundle(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**EXPLAINED, "markdown": "# Context\n", "items": [PIECE]}))
    code, out, err = run("assemble", "x", "--explain")
    assert (code, out) == (0, "# Context\n")
    assert " 1.00             83.30  a.py:3-4 (full, 12 tokens)" in err
    gateway.will(Told(BUNDLE))
    assert "timings: none, it came from the cache" in run("assemble", "x", "--explain")[2]


def test_a_refused_value_is_told_by_its_option(gateway: Gateway, run: Run) -> None:
    mistakes = {"token_budget": "must be 256 or more, got 0", "seed_paths[1]": "must not be empty", "task": "is odd"}
    fields = [{"field": field, "message": message} for field, message in mistakes.items()]
    detail = "; ".join(f"{field} {message}" for field, message in mistakes.items())
    gateway.will(Told({"status": 400, "detail": detail, "reason": "INVALID_REQUEST", "fields": fields}, 400))
    line = "pampax: --budget/-b must be 256 or more, got 0; --seed must not be empty; task is odd\n"
    assert run("assemble", "x", "-b", "0", "--seed", "a", "--seed", "")[::2] == (2, line)


def test_a_bundle_in_json_may_go_to_a_file(gateway: Gateway, run: Run, tmp_path: Path) -> None:
    gateway.will(Told(BUNDLE))
    assert run("assemble", "x", "--json", "-o", "b.json") == (0, "", "")
    assert json.loads((tmp_path / "b.json").read_text()) == BUNDLE
    assert gateway.asked[0].body["format"] == "json"


def test_on_a_terminal_indexing_ends_with_a_summary(gateway: Gateway, run_on_terminal: Run) -> None:
    stages = [{**OPERATION, "stage": stage, "progress": {"done": 9, "total": total}} for stage, total in
              (("listing", 0), ("parsing", 10), ("publishing", 9))]  # fmt: skip
    gateway.will(Told(REPOSITORY), Told(OPERATION, 202), *map(Told, stages), Told(SUCCEEDED))
    code, out, _ = run_on_terminal("index", URL)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out)
    assert "Parsing" in plain
    assert plain.splitlines()[-7:] == [
        "shop@main ababababab+, generation 2",
        "  1,234 files, 5,678 chunks, 4 new files in " + plain.splitlines()[-6].split(" in ")[1],
        "  skipped: 3 binary",
        "  as plain lines (crash): x.py",
        "Next:",
        '  pampax search "QUESTION" -r shop',
        '  pampax assemble "TASK" -r shop',
    ]


def test_on_a_terminal_markdown_cannot_command_it(gateway: Gateway, run_on_terminal: Run) -> None:
    gateway.will(Told(BUNDLE))
    assert "text\\x1b[2J\n" in run_on_terminal("assemble", "x")[1]


def test_colour_is_left_out_when_nobody_wants_it(
    gateway: Gateway, run_on_terminal: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.will(Told(ANSWER))
    coloured = re.compile(r"\x1b\[[0-9;]*3[0-7]")
    assert coloured.search(run_on_terminal("search", "x", "--explain")[1])
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured.search(run_on_terminal("search", "x", "--explain")[1])


def test_an_interrupt_leaves_the_indexing_to_itself_and_says_so(
    gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pampax.client.following.follow", interrupted)
    gateway.will(Told(REPOSITORY), Told(OPERATION, 202))
    code, _, err = run("index", URL)
    assert (code, err) == (130, "pampax: indexing goes on; `pampax status shop` shows how far it is\n")


NEW = {**REPOSITORY, "refs": [], "default_ref": ""}
NO_REPOSITORY = Told({"status": 404, "detail": "no", "reason": "REPOSITORY_NOT_FOUND"}, 404)
FAILED = {
    **OPERATION,
    "done": True,
    "state": "failed",
    "error": {"status": 409, "detail": "it holds no files to index", "reason": "NO_FILES", "corr_id": ""},
}


def listed(*operations: dict[str, Any]) -> Told:
    return Told({"operations": operations, "next_page_token": ""})


def test_a_first_indexing_that_fails_leaves_no_repository(gateway: Gateway, run: Run) -> None:
    gateway.will(NO_REPOSITORY, Told(NEW, 201), Told(FAILED, 202), Told(NEW), listed(FAILED), Told(b"", 204))
    line = "pampax: it holds no files to index (the new repository shop is deleted again)\n"
    assert run("index", URL)[::2] == (2, line)
    assert gateway.asked[-1].method == "DELETE"


def test_an_operation_that_cannot_start_leaves_no_repository(gateway: Gateway, run: Run) -> None:
    full = Told({"status": 400, "detail": "the disk is full", "reason": "DISK_FULL"}, 400)
    gateway.will(NO_REPOSITORY, Told(NEW, 201), full, Told(NEW), listed(), Told(b"", 204))
    assert run("index", URL)[::2] == (2, "pampax: the disk is full (the new repository shop is deleted again)\n")
    assert gateway.asked[-1].method == "DELETE"


@pytest.mark.parametrize(
    "found",
    [
        [Told(REPOSITORY)],
        [Told(NEW), listed({**OPERATION, "state": "queued"}, FAILED)],
        [Told({**NEW, "create_time": "2025-02-02T00:00:00Z"})],
    ],
)
def test_a_new_repository_that_somebody_uses_meanwhile_stays(gateway: Gateway, run: Run, found: list[Told]) -> None:
    gateway.will(NO_REPOSITORY, Told(NEW, 201), Told(FAILED, 202), *found)
    assert run("index", URL)[::2] == (2, "pampax: it holds no files to index\n")
    assert "DELETE" not in [asked.method for asked in gateway.asked]


def test_a_repository_that_was_there_before_stays(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(NEW), Told(FAILED, 202))
    assert run("index", URL)[::2] == (2, "pampax: it holds no files to index\n")
    assert [asked.method for asked in gateway.asked] == ["GET", "POST"]


def test_status_of_a_repository_tells_why_the_last_indexing_failed(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(NEW), listed(FAILED, SUCCEEDED))
    assert "the last indexing failed (NO_FILES): it holds no files to index\n" in run("status", "shop")[1]


def test_a_failure_that_a_success_followed_is_history(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), listed({**FAILED, "repository": "web"}, SUCCEEDED, FAILED), NO_REPOSITORY)
    assert "failed" not in run("status", "shop")[1]


def test_a_repository_made_by_somebody_else_meanwhile_is_used(gateway: Gateway, run: Run) -> None:
    missing = Told({"status": 404, "detail": "no", "reason": "REPOSITORY_NOT_FOUND"}, 404)
    taken = Told({"status": 409, "detail": "there is one", "reason": "REPOSITORY_EXISTS"}, 409)
    gateway.will(missing, taken, Told(REPOSITORY), Told(SUCCEEDED, 202))
    assert run("index", URL)[0] == 0


def test_patterns_other_than_those_of_the_repository_are_refused(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY))
    code, _, err = run("index", URL, "--exclude", "tests/")
    assert code == 2
    assert "was created with no --exclude" in err


def test_without_waiting_the_operation_is_named(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY), Told(OPERATION, 202))
    code, out, _ = run("index", URL, "--no-wait")
    assert (code, json.loads(out)) == (0, {"event": "started", "repository": "shop", "operation": "op-1"})


def test_a_state_that_cannot_be_read_is_explained_with_advice(run: Run, tmp_path: Path) -> None:
    DataDir(tmp_path / "data").state_file.mkdir(parents=True)
    code, _, err = run("status")
    assert code == 3
    assert "Is a directory" in err
    assert "choose another --data-dir" in err
