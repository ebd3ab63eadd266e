"""Searching and assembling through the command: what is printed, and what is refused."""

import json
import subprocess
from pathlib import Path

import pytest

from .conftest import PAMPAX, Cli


@pytest.fixture(autouse=True)
def _indexed(shop: Path) -> None:
    """Every test here asks about the shop."""


def test_a_question_finds_the_code_that_answers_it(pampax: Cli) -> None:
    answer = pampax("search", "where", "are", "payments", "retried?", "-r", "shop", "--json").json
    best = answer["results"][0]
    assert (best["path"], best["language"]) == ("shop/payment.py", "python")
    assert answer["snapshots"][0]["repo"] == "shop"
    assert answer["degraded"] == []


def test_results_for_people_have_place_symbol_and_lines_of_code(pampax: Cli) -> None:
    done = pampax("search", "retry_with_backoff", "-r", "shop")
    assert done.code == 0
    heading, *_ = done.out.splitlines()
    assert heading.startswith("1. shop/payment.py:")
    assert "retry_with_backoff(" in done.out
    assert "\x1b" not in done.out
    assert "cache " in done.out.splitlines()[-1]


def test_the_explained_parts_add_up_to_the_score(pampax: Cli) -> None:
    for result in pampax("search", "total of a basket", "-r", "shop", "--explain", "--json").json["results"]:
        assert sum(part["score"] for part in result["evidence"]) == pytest.approx(result["score"], abs=1e-6)
    assert "SIGNAL" in pampax("search", "total of a basket", "-r", "shop", "--explain").out


def test_a_file_that_is_missed_is_told_where_it_fell_out(pampax: Cli) -> None:
    done = pampax("search", "total of a basket", "-r", "shop", "-k", "1", "--why-not", "stock/stock.go")
    told = next(line for line in done.out.splitlines() if line.startswith("stock/stock.go in shop: "))
    assert "its best lines come in place" in told or "matches the question" in told
    wrong = pampax("search", "total", "-r", "shop", "--why-not", "../etc/passwd")
    assert wrong.code == 2
    assert "--why-not must be a path relative to the repository" in wrong.err


def test_what_uses_what_is_told_and_drawn(pampax: Cli, tmp_path: Path) -> None:
    drawn = tmp_path / "graph.svg"
    callers = pampax("graph", "callers", "retry_with_backoff", "-r", "shop", "--svg", str(drawn))
    assert "<- calls it  PaymentClient.charge  shop/payment.py:9  line 11" in callers.out
    assert drawn.read_text().startswith("<svg ")
    assert "PaymentClient.charge" in drawn.read_text()
    callees = pampax("graph", "callees", "PaymentClient.charge", "-r", "shop", "--json").json
    assert {node["symbol"] for node in callees["nodes"]} >= {"retry_with_backoff", "PaymentClient._post"}
    way = pampax("graph", "path", "PaymentClient.charge", "retry_with_backoff", "-r", "shop")
    assert "calls in line 11 retry_with_backoff" in way.out
    nowhere = pampax("graph", "path", "retry_with_backoff", "PaymentClient.charge", "-r", "shop")
    assert nowhere.out.count("no way") == 1
    folder = pampax("assemble", "charge a card", "-r", "shop", "--must", "shop")
    assert (folder.code, "'shop' is a folder; name files in it, such as shop/" in folder.err) == (2, True)
    assert "PaymentClient" in pampax("graph", "symbols", "paymentclient", "-r", "shop").out
    missing = pampax("graph", "callers", "no_such_name", "-r", "shop")
    assert missing.code == 2
    assert "defines no 'no_such_name'" in missing.err
    assert pampax("graph", "callers", "x", "-d", "9").code == 2


def test_filters_narrow_the_results(pampax: Cli) -> None:
    def found(*options: str) -> set[str]:
        return {hit["path"] for hit in pampax("search", "item", "-r", "shop", "--json", *options).json["results"]}

    assert found("-l", "go") == {"stock/stock.go"}
    assert found("-p", "shop/**") <= {"shop/basket.py", "shop/payment.py"}
    assert len(found("-k", "1")) == 1
    assert found("--kind", "type") <= {"shop/basket.py", "shop/payment.py"}
    by_file = pampax("search", "item", "-r", "shop", "--group-by", "file", "--json").json["results"]
    assert len({hit["path"] for hit in by_file}) == len(by_file)


def test_pages_follow_one_another_without_repeats(pampax: Cli) -> None:
    first = pampax("search", "price", "-r", "shop", "-k", "2", "--json").json
    second = pampax("search", "price", "-r", "shop", "-k", "2", "--page-token", first["next_page_token"], "--json").json
    both = [hit["id"] for hit in (*first["results"], *second["results"])]
    assert len(both) == len(set(both)) > 2


def test_the_same_question_is_answered_from_the_cache(pampax: Cli) -> None:
    pampax("search", "is this warm", "-r", "shop", "--json")
    assert pampax("search", "is this warm", "-r", "shop", "--json").json["cache"] == "hit"


def test_no_results_is_success_with_advice(pampax: Cli) -> None:
    done = pampax("search", "zzyzx", "-r", "shop", "-m", "lexical")
    assert (done.code, done.out) == (0, "no results for 'zzyzx'\n")
    assert "try without -m" in done.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["search", "x", "-r", "nope"], "repository 'nope' is not found, or not readable with this key"),
        (["search", "x", "-l", "pyton"], "did you mean python?"),
        (["search", "x", "-r", "shop", "--ref", "nope"], "nope"),
        (["search", "x", "--page-token", "junk"], "page"),
        (["search", "x" * 9_000], "must have at most 8192 bytes, got 9000"),
        (["search", "x", "--max-staleness", "-1"], "must be between"),
        (["assemble", "x", "-b", "0"], "--budget/-b must be between 256 and 200000, got 0"),
        (["assemble", "x", "-b", "1000000000"], "--budget/-b must be between 256 and 200000, got 1000000000"),
        (["assemble", "x", "--seed", "../x"], "--seed must be a path relative"),
        (["status", "nope"], "nope"),
        (["status", "../x"], "a repository's name must be"),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_exit_code_2(pampax: Cli, arguments: list[str], line: str) -> None:
    done = pampax(*arguments)
    assert (done.code, done.out) == (2, "")
    assert line in done.err
    assert done.err.count("\n") == 1


def test_an_error_in_json_names_reason_exit_code_and_request(pampax: Cli) -> None:
    done = pampax("search", "x", "-r", "nope", "--json")
    error = json.loads(done.err)["error"]
    assert (done.code, done.out, error["exit_code"], error["reason"]) == (2, "", 2, "REPOSITORY_NOT_FOUND")
    assert len(error["corr_id"]) == 32


def test_an_index_that_is_too_old_is_refused(pampax: Cli) -> None:
    done = pampax("search", "price", "-r", "shop", "--max-staleness", "0")
    assert done.code == 2
    assert "longer than the 0 s asked for" in done.err


def test_a_bundle_stays_within_its_budget(pampax: Cli) -> None:
    for tokens in ("256", "1000", "200000"):
        bundle = pampax("assemble", "retry payments", "-r", "shop", "-b", tokens, "--json").json
        assert 0 < bundle["budget"]["used"] <= int(tokens) == bundle["budget"]["limit"]
        assert bundle["items"][0]["content"]


def test_a_bundle_comes_in_pieces_whose_ids_give_more(pampax: Cli) -> None:
    task = ("assemble", "retry payments when the provider is busy", "-r", "shop", "-b", "2000")
    lines = [json.loads(line) for line in pampax(*task, "--stream", "--json").out.splitlines()]
    whole = pampax(*task, "--json").json
    assert lines[-1]["summary"]["signature"] == whole["signature"]
    pieces = sorted((line["piece"] for line in lines[1:-1]), key=lambda piece: piece["position"])
    assert [piece["id"] for piece in pieces] == [item["id"] for item in whole["items"]]
    told = pampax(*task, "--explain")
    assert "confidence 0." in told.err or "confidence 1." in told.err
    assert "retry_with_backoff" in pampax(*task, "--stream").out


def test_what_must_be_shown_is_shown_or_refused(pampax: Cli) -> None:
    done = pampax(
        "assemble", "sum up a basket", "-r", "shop", "--must", "web/price.ts", "--without", "docs", "--json"
    ).json
    (item,) = [item for item in done["items"] if item["path"] == "web/price.ts"]
    assert (item["rendering"], item["reason"].startswith("must be included")) == ("full", True)
    missing = pampax("assemble", "x", "-r", "shop", "--must", "web/prize.ts")
    assert (missing.code, "the nearest are web/price.ts" in missing.err) == (2, True)
    contradiction = pampax("assemble", "x", "-r", "shop", "--must", "web/price.ts", "--exclude", "web/")
    assert (contradiction.code, "drop one of the two" in contradiction.err) == (2, True)


def test_a_bundle_is_markdown_on_stdout_and_a_summary_beside_it(pampax: Cli) -> None:
    done = pampax("assemble", "retry payments when the provider is busy", "-r", "shop")
    assert "retry_with_backoff" in done.out
    assert "of 8,000 tokens (o200k_base)" in done.err
    assert pampax("assemble", "retry payments when the provider is busy", "-r", "shop", "--quiet").err == ""


def test_the_same_task_gives_the_same_bytes_and_signature(pampax: Cli) -> None:
    first, second = (pampax("assemble", "sum up a basket", "-r", "shop", "--json").json for _ in range(2))
    assert first["signature"] == second["signature"] != ""
    assert first["markdown"] == second["markdown"]


def test_a_bundle_is_the_same_after_a_restart_and_told_by_its_signature(pampax: Cli, tmp_path: Path) -> None:
    given = pampax("assemble", "retry after a timeout", "-r", "shop", "--json").json
    short = given["signature"][:12]
    assert pampax("down").code == 0
    assert pampax("up", "--detach", "--json").code == 0
    verified = pampax("bundle", "verify", short)
    assert (verified.code, verified.out) == (0, f"{short}: the same bytes\n")
    pampax("bundle", "show", short, "-o", tmp_path / "b.md")
    assert (tmp_path / "b.md").read_text() == given["markdown"]
    other = pampax("assemble", "sum up a basket", "-r", "shop", "--json").json
    compared = pampax("bundle", "diff", short, other["signature"])
    assert compared.code == 7
    assert f"+Signature: {other['signature']}" in compared.out
    assert pampax("bundle", "diff", short).out == "the same bytes\n"
    assert pampax("bundle", "show", "0" * 12).code == 2


def test_a_bundle_is_written_to_a_file(pampax: Cli, tmp_path: Path) -> None:
    done = pampax("assemble", "format prices", "-r", "shop", "--seed", "web/price.ts", "-o", tmp_path / "b.md")
    assert (done.code, done.out) == (0, "")
    assert "formatPrice" in (tmp_path / "b.md").read_text()
    assert pampax("assemble", "format prices", "-o", "/nowhere/b.md").code == 3


def test_freshness_of_a_repository_is_shown(pampax: Cli) -> None:
    done = pampax("status", "shop")
    assert "main *" in done.out
    assert "skipped in main: 1 binary" in done.out
    assert "shop" in pampax("repos").out


def test_a_reader_that_leaves_early_is_no_error(pampax: Cli) -> None:
    command = f"{PAMPAX} search price --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=pampax.env, cwd=pampax.work_dir, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("{0\n", "")
