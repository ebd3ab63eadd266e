"""Runs that nobody measured."""

from pampax.bench.figures import Figure
from pampax.bench.record import Code, Corpus, Machine, Run

CORPUS = Corpus("small", 500, 1_500_000, "ab" * 32)


def made_run(
    *rounds: tuple[Figure, ...], corpus: Corpus = CORPUS, processor: str = "model 1", commit: str = "c" * 40
) -> Run:
    return Run(
        taken_at="2025-11-21T10:00:00+00:00",
        quick=False,
        machine=Machine(2, processor, 25_000, "Linux 6", (0.5, 0.25, 0.125)),
        code=Code("this installation", commit, True, {"python": "3.11.7"}),
        corpus=corpus,
        rounds=rounds,
    )


def figures(search_ms: float = 12.0) -> tuple[Figure, ...]:
    samples = tuple(round(search_ms + number / 100, 2) for number in range(120))
    return (
        Figure("serve", "search, cold", "ms", samples, cpu_s=1.5, asked=60.0),
        Figure("serve", "search, warm", "ms", (6.0,), asked=5.0),
        Figure("serve", "searches per second", "/s", (540.25,), "higher"),
        Figure("index", "first index", "s", (2.5,)),
        Figure("memory", "peak, search", "MB", (124.0,)),
        Figure("serve", "answers that changed", "answers", (0.0,), asked=0.0),
    )
