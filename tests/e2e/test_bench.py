"""Measuring real systems, in small doses: what is measured is there, right, and gone afterwards.

Commands run inside the test's process here, so that their coverage counts.
"""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pampax.bench import running as running_suites
from pampax.bench.corpus.generated import write
from pampax.bench.corpus.plan import Plan, Size
from pampax.bench.corpus.questions import questions
from pampax.bench.record import Corpus
from pampax.bench.repository import Repository
from pampax.bench.suites import memory, scale, telemetry
from pampax.bench.suites.job import Dose, Job, scratch_folder
from pampax.bench.system import this_installation
from pampax.cli.main import main

from ..conftest import COUNTING  # noqa: TID252 - tests are no package
from .conftest import PAMPAX, PASSABLE, TIMEOUT_S, Cli

TINY = Dose(
    cold=8, warm_rounds=1, bundles=1, clients=(1,), seconds=0.2, searches=10, telemetry_rounds=2, saves=1, tasks=1
)
SERVICES = {"gateway", "search", "assembly", "indexing", "worker", "postgres", "valkey"}


@pytest.fixture(autouse=True)
def _systems_count_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COUNTING, raising=False)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The command takes signals for as long as its process lives; here that goes on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def corpus(scratch: Path) -> Repository:
    plan = Plan(Size("tiny", 60, 180_000))
    done = write(plan, scratch / "corpus")
    described = Corpus("tiny", done.files, done.bytes, done.digest)
    return Repository(described, scratch / "corpus", lambda: questions(plan))


def job(corpus: Repository, scratch: Path) -> Job:
    return Job(this_installation(), corpus, TINY, scratch, lambda _text: None)


def test_a_quick_run_measures_indexing_with_a_system_of_its_own(
    tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["bench", "run", "--quick", "--suite", "index", "--json", "-o", "run.json", "--plot", "run.png", "-q"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "run.json").read_text())
    summary = {each["name"]: each for each in told["summary"]}
    assert set(summary) >= {
        "first index",
        "unchanged",
        "one file changed",
        "1 % changed",
        "first index, files",
        "saved until found",
    }
    assert summary["first index"]["cpu_s"] > 0
    assert summary["first index"]["asked"] == 10
    assert told["corpus"]["files"] == 500
    assert told["machine"]["cores"] >= 1
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick run does as little as it can."""
    monkeypatch.setattr(running_suites, "QUICK", TINY)


def test_searches_are_measured_by_the_number_of_chunks(corpus: Repository, scratch: Path) -> None:
    figures = {each.name: each for each in scale.measure(replace(job(corpus, scratch), chunks=(300,)))}
    for kind in ("search", "pattern"):
        assert len(figures[f"{kind}, cold, 300 chunks"].samples) == TINY.cold
        assert figures[f"right file in the first 10, by {kind}, 300 chunks"].value == 100
    assert figures["memory of search, 300 chunks"].value > 0
    assert not any(name.startswith("recall") for name in figures)  # so few are scanned exactly


def test_the_quality_of_answers_is_measured_over_annotations_that_are_given(
    scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scratch / "shop").mkdir()
    (scratch / "shop" / "pay.py").write_text("def charge(card):\n    return card.withdraw()\n")
    (scratch / "shop" / "ship.py").write_text("def send(parcel):\n    return parcel.label()\n")
    rows = [
        {"query": "charge a card", "category": "semantic", "relevant": ["pay.py"]},
        {"query": "send", "category": "symbol", "relevant": [{"path": "ship.py", "start_line": 1, "end_line": 2}]},
        {"query": "label of a parcel", "category": "semantic", "relevant": ["nowhere.py"]},
    ]
    (scratch / "shop.json").write_text(json.dumps(rows))
    assert main(["bench", "run", "--suite", "quality", "--annotations", str(scratch), "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    figures = {each["name"]: each["p50"] for each in told["summary"]}
    assert figures["chunk NDCG@10"] == pytest.approx(2 / 3, abs=1e-5)
    assert figures["chunk NDCG@10, symbol"] == 1
    assert told["corpus"]["name"] == "annotations"


def names_of_repositories(pampax: Cli) -> list[str]:
    return [each["name"] for each in pampax("repos", "list", "--json").json["repositories"]]


def test_a_running_system_is_measured_without_a_trace(
    pampax: Cli, tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    system = pampax("up", "--detach", "--json").json
    repositories = names_of_repositories(pampax)
    where = ["--endpoint", system["endpoint"], "--token", system["token"]]
    assert main(["bench", "run", "--quick", "--suite", "serve", *where]) == 0
    told = capsys.readouterr()
    lines = {line.split("  ")[0]: line for line in told.out.splitlines()}
    assert "100" in lines["serve: right file in the first 10"].split()
    assert "0.00" in lines["serve: answers that changed"].split()
    for figure in ("search, cold", "search, warm, 1 client", "searches per second, cold, 1 client"):
        assert f"serve: {figure}" in lines
    assert "uploading the corpus" in told.err
    assert any(line.startswith("cold: ") for line in lines)
    assert names_of_repositories(pampax) == repositories


def test_memory_is_told_of_each_service(corpus: Repository, scratch: Path) -> None:
    figures = {figure.name: figure.value for figure in memory.measure(job(corpus, scratch))}
    for service in SERVICES:
        assert figures[f"idle, {service}"] > 1
        assert figures[f"peak, {service}"] >= figures[f"after searches, {service}"] * 0.9
        assert f"growth in the second half, {service}" in figures


@pytest.mark.timeout(240)  # two systems start, one after the other
def test_telemetry_is_compared_with_none(corpus: Repository, scratch: Path) -> None:
    figures = {figure.name: figure for figure in telemetry.measure(job(corpus, scratch))}
    for kind in ("cold", "warm"):
        assert len(figures[f"{kind} throughput kept"].samples) == TINY.telemetry_rounds
        assert figures[f"{kind} throughput with"].value > 0
        assert figures[f"{kind} throughput without"].value > 0


def test_an_interrupt_leaves_nothing_running(home: Path) -> None:
    folder = home / "interrupted"
    folder.mkdir(mode=PASSABLE)
    running = subprocess.Popen(
        [PAMPAX, "bench", "run", "--quick", "--suite", "serve"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), "HOME": str(home)},
    )  # fmt: skip
    assert running.stderr is not None
    deadline = time.monotonic() + TIMEOUT_S
    for line in running.stderr:
        assert time.monotonic() < deadline
        if "searching" in line:
            break
    assert of(folder)
    running.send_signal(signal.SIGINT)
    assert running.wait(TIMEOUT_S) == 130
    running.stderr.close()
    assert of(folder) == []
    assert list(folder.iterdir()) == []


def of(folder: Path) -> list[str]:
    """The command lines of processes that name this folder."""
    found = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [" ".join(line) for line in found if str(folder) in " ".join(line)]
