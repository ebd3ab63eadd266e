"""pampax bench"""

from __future__ import annotations

import json
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pampax.cli.group import OptionsGroup
from pampax.cli.session import Session, with_session
from pampax.core.errors import ConfigError, LocalIOError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pampax.bench.interleaving import Comparison
    from pampax.bench.record import Run
    from pampax.bench.running import Wanted

# A figure is worse than what is asked, or significantly worse than before.
EXIT_WORSE = 7
SUITES = ("start", "index", "serve", "memory", "telemetry")
# Not among all: they have repositories of their own.
OWN_REPOSITORIES = ("quality", "scale", "bundles")
_USUAL = ("start", "index", "serve", "memory")
_QUICK = ("index", "serve", "memory")
SIZES = ("small", "medium", "large")
ROUNDS = 6
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
FEWEST_ROUNDS = 3

EPILOG = """\b
Examples:
  pampax bench run --quick
  pampax bench run --suite serve --size medium --output serve.json --plot serve.png
  pampax bench compare v0.1.0 HEAD --suite serve
  pampax bench corpus /tmp/corpus --size small

\b
Exit code 7: a figure is worse than asked (run --gate), or significantly worse than before (compare).
"""
_RUN_EPILOG = """\b
Suites:
  start       the commands that start and stop a system
  index       a first index, an unchanged one, one file changed, one percent changed
  serve       searches and bundles, cold and warm, by kind of question, 1, 8 and 32 clients
  memory      what each service holds when idle, after indexing, after searches
  telemetry   throughput with metrics and traces and without, in turn
  quality     how well golden queries about published packages are answered; by itself
  scale       searches and patterns in indexes of 30,000, 100,000 or --chunks; by itself
  bundles     what commits have changed, found by bundles for their messages, search results, whole files and grep in
              the same budget; by itself, with --histories

\b
Examples:
  pampax bench run --quick                                    under a minute
  pampax bench run --suite serve --endpoint URL --token-file FILE
  pampax bench run --gate --against benchmarks/record.json    exit code 7 when a figure is missed
  pampax bench run --suite quality --gate --against benchmarks/quality.json
  pampax bench run --suite quality --annotations DIR --sources DIR
  pampax bench run --suite quality --answers tests/golden     a page for each question
  pampax bench run --suite scale --chunks 300000 --chunks 1000000
  pampax bench run --suite bundles --histories DIR            DIR/NAME are clones with their history
"""
_COMPARE_EPILOG = """\b
Examples:
  pampax bench compare main HEAD --suite serve --quick
  pampax bench compare ../before ../after --suite index --rounds 8
  pampax bench compare before.json after.json                 weaker: not measured in turn

\b
Exit code 7: B is significantly worse than A in some figure, by more than 10 %.
"""


@click.group(
    "bench", cls=OptionsGroup, short_help="Measure a system, and compare two states of the code", epilog=EPILOG
)
def command() -> None:
    """Measure speed and memory as users meet them, and compare two commits."""


def _measured(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say what is measured."""
    for option in (
        click.option("--quick", is_flag=True, help="A tenth of the work: for a look, not for a record."),
        click.option("--package", metavar="NAME==VERSION", help="A published package in place of a generated corpus."),
        click.option("--size", type=click.Choice(SIZES), help="The generated corpus: 500, 5,000 or 50,000 files."),
        click.option(
            "--suite",
            "suites",
            multiple=True,
            type=click.Choice((*SUITES, *OWN_REPOSITORIES, "all")),
            help="Repeatable.",
        ),
    ):
        function = option(function)
    return function


@command.command("run", short_help="Measure this installation", epilog=_RUN_EPILOG)
@_measured
@click.option("--rounds", type=click.IntRange(1, 50), default=1, metavar="N", help="Measure so often, each time anew.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Also write the run as JSON.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Also draw it, as .png or .svg.")
@click.option("--against", type=click.Path(path_type=Path), metavar="FILE", help="Show an earlier run beside it.")
@click.option(
    "--annotations", type=_FOLDER, metavar="DIR", help="NAME.json with questions, in place of the golden ones."
)
@click.option("--sources", type=_FOLDER, metavar="DIR", help="With a folder NAME for each of them; the same folder.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write what each golden query found, a text file each.",
)
@click.option(
    "--chunks", type=click.IntRange(100, 2_000_000), multiple=True, metavar="N", help="For the suite scale; repeatable."
)
@click.option("--histories", type=_FOLDER, metavar="DIR", help="For the suite bundles: a folder with clones.")
@click.option("--reranker", type=_FOLDER, metavar="FOLDER", help="The setting search.reranker of the systems.")
@click.option("--gate", is_flag=True, help="Exit code 7 when a figure is worse than what is asked.")
@click.pass_context
@with_session
def run_suites(
    session: Session,
    ctx: click.Context,
    suites: tuple[str, ...],
    size: str | None,
    package: str | None,
    quick: bool,
    rounds: int,
    output: Path | None,
    plot: Path | None,
    against: Path | None,
    annotations: Path | None,
    sources: Path | None,
    answers: Path | None,
    chunks: tuple[int, ...],
    histories: Path | None,
    reranker: Path | None,
    gate: bool,
) -> None:
    """Measure this installation: a system of its own in a temporary folder, ended in any case.

    With --endpoint (or --data-dir) the suite serve asks a system that runs already.
    """
    _require_extra()
    _interrupt_on_signals()
    _check_outputs(output, plot)
    from pampax.bench.record import document, read_run, write_json
    from pampax.bench.report import dropped, missed
    from pampax.bench.running import run
    from pampax.bench.system import this_installation

    before = read_run(against) if against else None
    given = (annotations, sources or annotations)
    model = reranker.resolve() if reranker else None
    wanted = _wanted(session, suites, size, package, quick, given, answers, chunks, model, histories)
    measured = run(wanted, this_installation(), session.hint, rounds)
    if output:
        write_json(output, document(measured))
    if plot:
        from pampax.bench.plot import plot_run

        plot_run(measured.figures, f"PAMPAX on the corpus {measured.corpus.name}, {measured.taken_at}", plot)
    if session.json:
        session.screen.document(document(measured))
    else:
        _show_run(session, measured, before)
    over = missed(measured.figures)
    if over:
        session.hint(f"worse than asked: {', '.join(over)}")
    down = dropped(measured.figures, {figure.key: figure for figure in before.figures} if before else {})
    if down:
        session.hint(f"more than a point below {against}: {', '.join(down)}")
    if (over or down) and gate:
        ctx.exit(EXIT_WORSE)


@command.command("compare", short_help="Compare two commits, checkouts or recorded runs", epilog=_COMPARE_EPILOG)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@_measured
@click.option("--rounds", type=click.IntRange(FEWEST_ROUNDS, 50), default=ROUNDS, metavar="N", help="Rounds a side; 6.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Also write it as JSON.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Also draw it, as .png or .svg.")
@click.pass_context
@with_session
def compare_states(
    session: Session,
    ctx: click.Context,
    a: str,
    b: str,
    suites: tuple[str, ...],
    size: str | None,
    package: str | None,
    quick: bool,
    rounds: int,
    output: Path | None,
    plot: Path | None,
) -> None:
    """Compare two commits or checkouts of this repository, measured in turn, or two files of earlier runs.

    A commit is checked out in a folder that goes at the end. The suite is serve unless others are given.
    """
    _require_extra()
    _interrupt_on_signals()
    _check_outputs(output, plot)
    from pampax.bench.interleaving import compare_files, compare_sides
    from pampax.bench.record import comparison_document, write_json
    from pampax.bench.report import worse

    if _is_record(a) != _is_record(b):
        raise ConfigError("compare two files of earlier runs, or two commits or checkouts: not one with the other")
    if _is_record(a):
        comparison = compare_files(Path(a), Path(b))
    else:
        wanted = _wanted(session, suites or ("serve",), size, package, quick)
        comparison = compare_sides(a, b, wanted, rounds, Path.cwd(), session.hint)
    content = comparison_document(comparison.a, comparison.b, comparison.rows, interleaved=comparison.interleaved)
    if output:
        write_json(output, content)
    if plot:
        from pampax.bench.plot import plot_comparison

        plot_comparison(comparison.rows, f"{comparison.b.code.label} against {comparison.a.code.label}", plot)
    if session.json:
        session.screen.document(content)
    else:
        _show_comparison(session, comparison)
    slower = worse(comparison.rows)
    if slower:
        session.hint(f"significantly worse: {', '.join(slower)}")
        ctx.exit(EXIT_WORSE)


@command.command("corpus", short_help="Write a corpus to a folder, or list what there is")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[FOLDER]")
@click.option("--size", type=click.Choice(SIZES), help="The generated corpus: 500, 5,000 or 50,000 files.")
@click.option("--package", metavar="NAME==VERSION", help="A published package in place of a generated corpus.")
@click.option(
    "--questions", type=click.Path(path_type=Path), metavar="FILE", help="Also write questions and right answers."
)
@with_session
def write_corpus(
    session: Session, folder: Path | None, size: str | None, package: str | None, questions: Path | None
) -> None:
    """Write a corpus to an empty or new folder; without a folder, list the corpora."""
    _require_extra()
    if folder is None:
        _list_corpora(session)
        return
    from pampax.bench.running import Wanted, prepare

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder; give a new one")
    repository = prepare(Wanted((), _corpus(size, package)), folder, session.hint)
    if questions is not None:
        lines = (
            json.dumps({"text": each.text, "kind": each.kind, "path": each.path}) for each in repository.questions()
        )
        try:
            questions.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        except OSError as error:
            raise LocalIOError(f"cannot write {questions}: {error.strerror}; check --questions") from error
    corpus = repository.corpus
    found = {"name": corpus.name, "files": corpus.files, "bytes": corpus.bytes, "digest": corpus.digest}
    if session.json:
        session.screen.document({**found, "folder": str(folder)})
    elif not session.quiet:
        session.screen.line(f"{corpus.files:,} files, {corpus.bytes:,} bytes in {folder}, digest {corpus.digest}")


def _list_corpora(session: Session) -> None:
    from pampax.bench.corpus import plan
    from pampax.bench.corpus.packages import known_packages

    if session.json:
        packages = [{"requirement": p.requirement, "licence": p.licence, "about": p.about} for p in known_packages()]
        sizes = [{"name": size.name, "files": size.files, "bytes": size.bytes} for size in plan.SIZES.values()]
        session.screen.document({"generated": sizes, "packages": packages})
        return
    rows = [
        (f"--size {size.name}", "generated", f"{size.files:,} files, {size.bytes / 1e6:.1f} MB, 24 languages")
        for size in plan.SIZES.values()
    ]
    rows += [(f"--package {each.requirement}", each.licence, each.about) for each in known_packages()]
    session.screen.table(("CORPUS", "LICENCE", "ABOUT"), rows)


def _show_run(session: Session, measured: Run, before: Run | None) -> None:
    from pampax.bench.report import DEFINITIONS, RUN_HEADERS, about_run, run_rows

    screen = session.screen
    recorded = {figure.key: figure for figure in before.figures} if before else {}
    screen.table(RUN_HEADERS, run_rows(measured.figures, recorded))
    for line in () if session.quiet else (*about_run(measured), *DEFINITIONS):
        screen.line((line, "dim"))


def _show_comparison(session: Session, comparison: Comparison) -> None:
    from pampax.bench.report import COMPARISON_HEADERS, about_comparison, comparison_rows

    screen = session.screen
    screen.table(COMPARISON_HEADERS, comparison_rows(comparison.rows))
    for line in () if session.quiet else about_comparison(comparison):
        screen.line((line, "dim"))


def _wanted(
    session: Session,
    suites: tuple[str, ...],
    size: str | None,
    package: str | None,
    quick: bool,
    annotated: tuple[Path | None, Path | None] = (None, None),
    answers: Path | None = None,
    chunks: tuple[int, ...] = (),
    reranker: Path | None = None,
    histories: Path | None = None,
) -> Wanted:
    from pampax.bench.running import CHUNKS, Wanted
    from pampax.bench.suites.job import Remote

    remote = None
    if session.given.endpoint or session.given.data_dir:
        target = session.target
        remote = Remote(target.endpoint, target.token)
    usual = ("serve",) if remote else _QUICK if quick else _USUAL
    known = (*SUITES, *OWN_REPOSITORIES)
    asked = SUITES if "all" in suites else tuple(suite for suite in known if suite in suites) or usual
    annotations, sources = annotated
    given = (annotations, sources) if annotations and sources else None
    wanted = Wanted(
        asked, _corpus(size, package), quick, remote, given, answers, chunks or CHUNKS, reranker, histories
    )  # fmt: skip
    wanted.check()
    return wanted


def _corpus(size: str | None, package: str | None) -> str:
    if size and package:
        raise click.UsageError("give --size or --package, not both", click.get_current_context())
    return package or size or SIZES[0]


def _is_record(side: str) -> bool:
    return side.endswith(".json") and not Path(side).is_dir()


def _check_outputs(output: Path | None, plot: Path | None) -> None:
    """What cannot be written is told before minutes were spent on measuring it."""
    for path in filter(None, (output, plot)):
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise LocalIOError(f"cannot write {path}: it is a folder, or its folder is not there")
    if plot is not None:
        from pampax.bench.plot import check_ending

        check_ending(plot)


def _require_extra() -> None:
    missing = [name for name in ("matplotlib", "psutil", "grpc") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"this installation cannot measure ({', '.join(missing)} missing): pip install 'pampax[bench,embedded]'"
        )


def _interrupt_on_signals() -> None:
    """Whatever ends us ends the system that we started."""

    def interrupt(_number: int, _frame: Any) -> None:  # noqa: ANN401 - a frame
        raise KeyboardInterrupt("the measurement was stopped; what it had started is ended")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
