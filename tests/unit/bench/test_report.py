"""What is written down and shown of runs and comparisons."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pampax.bench.asked import with_asked
from pampax.bench.comparison import compare
from pampax.bench.figures import Figure
from pampax.bench.interleaving import Comparison, compare_files
from pampax.bench.plot import check_ending, plot_comparison, plot_run
from pampax.bench.record import Corpus, comparison_document, document, read_run, write_json
from pampax.bench.report import (
    about_comparison,
    about_run,
    amount,
    comparison_rows,
    dropped,
    missed,
    run_rows,
    worse,
)
from pampax.core.errors import ConfigError, LocalIOError

from .conftest import figures, made_run


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = made_run(figures(), figures(14))
    write_json(tmp_path / "run.json", document(run))
    assert read_run(tmp_path / "run.json") == run


def test_a_written_run_has_its_schema_a_summary_and_samples_on_one_line(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", document(made_run(figures())))
    text = (tmp_path / "run.json").read_text()
    content = json.loads(text)
    assert (content["schema"], content["kind"]) == ("pampax.bench/1", "run")
    assert content["summary"][0] == {
        "suite": "serve", "name": "search, cold", "unit": "ms", "count": 120,
        "p50": 12.595, "p95": 13.131, "p99": 13.178, "cpu_s": 1.5, "asked": 60.0, "better": "lower",
    }  # fmt: skip
    assert '"samples": [12.0,12.01,' in text


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "pampax.bench/2"}', '{"figures": []}'])
def test_what_is_no_run_is_refused_with_advice(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ConfigError, match=r"holds no benchmark run of schema pampax\.bench/1"):
        read_run(tmp_path / "run.json")


def test_a_run_of_a_later_schema_is_refused(tmp_path: Path) -> None:
    content = {**document(made_run(figures())), "schema": "pampax.bench/2"}
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"\(schema is not as it should be\)"):
        read_run(tmp_path / "run.json")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match="cannot read"):
        read_run(tmp_path / "none.json")
    with pytest.raises(LocalIOError, match="cannot write"):
        write_json(tmp_path / "none" / "run.json", {})


def test_the_table_has_percentiles_counts_bounds_and_the_run_before() -> None:
    before = {figure.key: figure for figure in figures(24)}
    rows = run_rows(figures(), before)
    assert rows[0] == ("serve: search, cold", "12.6", "13.1", "13.2", "ms", "120", "1.50", "<= 60", "24.6", "0.51")
    assert rows[1][7] == "<= 5 MISSED"
    assert rows[2][:5] == ("serve: searches per second", "540", "", "", "/s")
    assert run_rows(figures(), {})[0][8:] == ("", "")
    assert missed(figures()) == ["serve: search, warm"]


def test_a_run_tells_what_it_was_taken_on() -> None:
    assert about_run(made_run(figures(), figures())) == [
        "corpus small: 500 files, 1.5 MB, abababab",
        "code cccccccccc+, Python 3.11.7",
        "2 cores, model 1, 25 GB, Linux 6",
        "load average before: 0.5, 0.2, 0.1",
        "2 rounds, 2025-11-21T10:00:00+00:00",
    ]
    assert "code outside git" in about_run(made_run(figures(), commit=""))[1]


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("this installation", "A is cccccccccc+"),
        ("cccc", "A is cccccccccc+"),
        ("main (cccccccccc)", "A is main (cccccccccc)"),
        ("../before", "A is ../before, cccccccccc+"),
    ],
)
def test_a_side_is_told_by_its_name_and_commit(label: str, told: str) -> None:
    run = made_run(figures())
    named = replace(run, code=replace(run.code, label=label))
    assert about_comparison(Comparison(named, run, (), interleaved=True, by_rounds=True))[0] == told


def test_a_ranking_that_lost_more_than_a_point_is_told() -> None:
    before = Figure("quality", "chunk NDCG@10", "of 1", (0.80,), "higher")
    assert dropped([replace(before, samples=(0.785,))], {before.key: before}) == ["quality: chunk NDCG@10"]
    assert dropped([replace(before, samples=(0.795,))], {before.key: before}) == []
    assert dropped([before, Figure("index", "first index", "s", (1.0,))], {}) == []


def test_amounts_have_three_digits() -> None:
    assert [amount(value) for value in (0.123, 1.0, 12.34, 123.4, 12_345.6)] == [
        "0.123",
        "1.00",
        "12.3",
        "123",
        "12,346",
    ]


def test_a_comparison_tells_each_figure_and_which_are_worse() -> None:
    slower = [figures(base) for base in (30, 31, 32, 33, 34, 35)]
    faster = [figures(base) for base in (12, 12.1, 12.2, 12.3, 12.4, 12.5)]
    rows = compare(faster, slower)
    shown = comparison_rows(rows)
    assert shown[0][0] == "serve: search, cold"
    assert shown[0][-1] == "worse"
    assert worse(rows) == [f"serve: search, cold ({rows[0].ratio:.2f})"]
    assert all(row[-1] == "same" for row in shown[2:])


def test_an_interleaved_comparison_says_how_it_was_made() -> None:
    rounds = tuple(figures(base) for base in (12, 13, 14, 15, 16, 17))
    rows = tuple(compare(rounds, rounds))
    lines = about_comparison(Comparison(made_run(*rounds), made_run(*rounds), rows, interleaved=True, by_rounds=True))
    assert "measured in turn, 6 rounds each, every round with new systems" in lines
    assert not any("WEAK" in line for line in lines)
    few = Comparison(made_run(*rounds[:3]), made_run(*rounds[:3]), rows, interleaved=True, by_rounds=True)
    assert any("too few rounds" in line for line in about_comparison(few))


def test_files_are_compared_and_called_weak(tmp_path: Path) -> None:
    for name, base, processor in (("a", 12, "model 1"), ("b", 40, "model 2")):
        write_json(tmp_path / f"{name}.json", document(made_run(figures(base), processor=processor)))
    comparison = compare_files(tmp_path / "a.json", tmp_path / "b.json")
    lines = "\n".join(about_comparison(comparison))
    for word in ("WEAK: taken at different times", "WEAKER: too few rounds", "WEAK: different machines"):
        assert word in lines
    assert worse(comparison.rows)


def test_files_with_rounds_are_compared_by_rounds(tmp_path: Path) -> None:
    for name, base in (("a", 12), ("b", 40)):
        run = made_run(*(figures(base + number) for number in range(6)))
        write_json(tmp_path / f"{name}.json", document(run))
    comparison = compare_files(tmp_path / "a.json", tmp_path / "b.json")
    assert comparison.by_rounds
    assert len(comparison.rows[0].a) == 6


def test_files_of_different_corpora_are_refused(tmp_path: Path) -> None:
    other = Corpus("small", 500, 1_500_000, "cd" * 32)
    write_json(tmp_path / "a.json", document(made_run(figures())))
    write_json(tmp_path / "b.json", document(made_run(figures(), corpus=other)))
    with pytest.raises(ConfigError, match="compare runs of one corpus"):
        compare_files(tmp_path / "a.json", tmp_path / "b.json")


def test_a_comparison_is_written_with_both_runs(tmp_path: Path) -> None:
    rounds = tuple(figures(base) for base in (12, 13, 14))
    content = comparison_document(made_run(*rounds), made_run(*rounds), compare(rounds, rounds), interleaved=True)
    write_json(tmp_path / "c.json", content)
    read = json.loads((tmp_path / "c.json").read_text())
    assert read["kind"] == "comparison"
    assert read["rows"][0]["verdict"] == "same"
    assert len(read["a"]["rounds"]) == len(read["b"]["rounds"]) == 3


def test_a_ratio_to_nothing_is_no_number(tmp_path: Path) -> None:
    rounds = [(Figure("serve", "answers that changed", "answers", (count,)),) for count in (0.0, 3.0)]
    rows = compare(rounds[:1], rounds[1:])
    content = comparison_document(made_run(rounds[0]), made_run(rounds[1]), rows, interleaved=True)
    write_json(tmp_path / "c.json", content)
    assert json.loads((tmp_path / "c.json").read_text(), parse_constant=pytest.fail)["rows"][0]["ratio"] is None
    assert comparison_rows(rows)[0][4] == "inf"


@pytest.mark.parametrize("name", ["run.png", "run.SVG"])
def test_runs_and_comparisons_become_pictures(tmp_path: Path, name: str) -> None:
    rounds = [figures(base) for base in (12, 13, 14)]
    plot_run(figures(), "a run", tmp_path / name)
    run = (tmp_path / name).read_bytes()
    plot_comparison(compare(rounds, rounds), "a comparison", tmp_path / name)
    assert run[:4] in (b"\x89PNG", b"<?xm")
    assert (tmp_path / name).read_bytes() != run


def test_a_picture_of_nothing_is_a_picture(tmp_path: Path) -> None:
    plot_run([], "nothing", tmp_path / "none.png")
    assert (tmp_path / "none.png").exists()


def test_pictures_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.png or \.svg"):
        check_ending(tmp_path / "run.gif")
    with pytest.raises(LocalIOError, match="check --plot"):
        plot_run(figures(), "a run", tmp_path / "none" / "run.png")


def test_bounds_hang_on_the_corpus() -> None:
    figure = Figure("serve", "search, cold", "ms", (1.0,))
    assert with_asked(figure, "small").asked == 60
    assert with_asked(figure, "medium").asked is None
    assert with_asked(Figure("start", "up, warm", "s", (1.0,)), "flask==3.1.2").asked == 10
