"""`pampax bench`: what it refuses, what it lists, and its exit code for what is worse."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pampax.bench.corpus.plan import SIZES
from pampax.bench.interleaving import FEWEST_ROUNDS, ROUNDS
from pampax.bench.record import document, write_json
from pampax.bench.suites import SUITES
from pampax.cli.commands import bench

from ..bench.conftest import figures, made_run  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The command takes signals for as long as its process lives; here that goes on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def records(tmp_path: Path) -> tuple[str, str]:
    """A run, and one that is much slower."""
    paths = (tmp_path / "before.json", tmp_path / "after.json")
    for path, base in zip(paths, (12, 40), strict=True):
        write_json(path, document(made_run(*(figures(base + number) for number in range(6)))))
    return (str(paths[0]), str(paths[1]))


def test_options_offer_what_there_is() -> None:
    assert tuple(SUITES) == (*bench.SUITES, *bench.OWN_REPOSITORIES)
    assert tuple(SIZES) == bench.SIZES
    assert (bench.ROUNDS, bench.FEWEST_ROUNDS) == (ROUNDS, FEWEST_ROUNDS)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("run", "--suite", "nope"),
            2,
            "'nope' is not one of 'start', 'index', 'serve', 'memory', 'telemetry', 'quality', 'scale', 'bundles'",
        ),
        (("run", "--size", "huge"), 2, "'huge' is not one of"),
        (("run", "--size", "small", "--package", "flask==3.1.2"), 2, "give --size or --package, not both"),
        (("run", "--package", "flask"), 2, "there is no corpus 'flask'"),
        (("run", "--plot", "run.gif"), 2, "a plot is written as .png or .svg"),
        (("run", "--output", "none/run.json"), 3, "cannot write none/run.json"),
        (("run", "--against", "none.json"), 3, "cannot read none.json"),
        (("run", "--endpoint", "http://127.0.0.1:9", "--token", "k", "--suite", "memory"), 2, "add --suite serve"),
        (("run", "--rounds", "0"), 2, "0 is not in the range"),
        (("compare", "HEAD", "HEAD"), 2, "is in no git repository"),
        (("compare", "HEAD", "run.json"), 2, "not one with the other"),
        (("compare", "none.json", "none.json"), 3, "cannot read none.json"),
        (("compare", "HEAD", "HEAD", "--rounds", "2"), 2, "2 is not in the range"),
        (("compare", "HEAD"), 2, "missing argument 'B'"),
        (("corpus", "."), 2, "is not an empty folder"),
        (("nope",), 2, "there is no command 'nope'"),
    ],
)
def test_mistakes_are_told_in_a_line(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "something").touch()
    found, out, err = run("bench", *arguments)
    assert (found, out) == (code, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_slower_run_ends_with_its_own_exit_code(run: Run, records: tuple[str, str]) -> None:
    code, out, err = run("bench", "compare", *records)
    assert code == bench.EXIT_WORSE == 7
    assert out.splitlines()[0].split() == ["FIGURE", "A", "B", "UNIT", "B/A", "95", "%", "P", "VERDICT"]
    assert "WEAK: taken at different times" in out
    assert err.startswith("significantly worse: serve: search, cold (")


def test_a_faster_or_equal_run_ends_well(run: Run, records: tuple[str, str]) -> None:
    assert run("bench", "compare", *reversed(records))[0] == 0
    assert run("bench", "compare", records[0], records[0])[0] == 0


def test_a_comparison_can_be_kept_and_drawn(run: Run, records: tuple[str, str], tmp_path: Path) -> None:
    code, out, err = run("bench", "compare", *records, "--json", "-q", "-o", "c.json", "--plot", "c.svg")
    assert (code, err) == (7, "")
    assert json.loads(out) == json.loads((tmp_path / "c.json").read_text())
    assert json.loads(out)["interleaved"] is False
    assert (tmp_path / "c.svg").read_bytes().startswith(b"<?xml")


def test_help_names_the_exit_code(run: Run) -> None:
    for arguments in ((), ("run",), ("compare",)):
        code, out, _ = run("bench", *arguments, "--help")
        assert code == 0
        assert "xit code 7" in out
    assert "7 a benchmark is worse" in run("--help")[1]


def test_the_page_tells_every_suite_and_the_exit_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text()
    assert all(f"| `{suite}` |" in page for suite in SUITES)
    assert f"Exit code {bench.EXIT_WORSE}: " in page


def test_corpora_are_listed_with_their_licences(run: Run) -> None:
    code, out, _ = run("bench", "corpus")
    assert code == 0
    assert "--size medium" in out
    assert "BSD-3-Clause" in out
    listed = json.loads(run("bench", "corpus", "--json")[1])
    assert [each["files"] for each in listed["generated"]] == [500, 5_000, 50_000]
    assert all(each["licence"] for each in listed["packages"])


def test_a_corpus_is_written_with_its_questions(run: Run, tmp_path: Path) -> None:
    code, out, err = run("bench", "corpus", "made", "--questions", "q.jsonl", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["files"], told["folder"]) == (500, "made")
    first = json.loads((tmp_path / "q.jsonl").read_text().splitlines()[0])
    assert (tmp_path / "made" / first["path"]).is_file()
    assert run("bench", "corpus", "made")[0] == 2
    assert run("bench", "corpus", "other", "--questions", "none/q.jsonl")[0] == 3
    assert "500 files" in run("bench", "corpus", "third")[1]


def test_an_installation_without_the_extra_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None if name == "psutil" else object())
    code, _, err = run("bench", "run")
    assert code == 2
    assert "psutil missing): pip install 'pampax[bench,embedded]'" in err


def test_a_signal_ends_a_measurement_as_an_interrupt_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("pampax.bench.running.run", interrupted)
    code, _, err = run("bench", "run")
    assert code == 130
    assert "what it had started is ended" in err
