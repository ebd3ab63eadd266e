"""The figures that a release must reach, as data: `make bench` ends with an error when one is missed.

Bounds are for the median. A suite with other sizes or by another corpus has those under "" only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pampax.bench.figures import Figure

_SERVICES = ("gateway", "search", "assembly", "indexing", "worker", "postgres", "valkey")
_SIZES = ("30,000", "100,000", "300,000", "1,000,000")
# By corpus ("" is any), then by (suite, figure); the unit is that of the figure.
ASKED: Mapping[str, Mapping[tuple[str, str], float]] = MappingProxyType(
    {
        "": {
            ("start", "up, warm"): 10.0,
            ("index", "one file changed"): 1.0,
            ("index", "1 % changed"): 6.0,
            ("index", "saved until found, without the wait"): 1.0,
            ("serve", "answers that changed"): 0.0,
            ("scale", "search, cold, 100,000 chunks"): 12.0,
            ("scale", "search, cold, 1,000,000 chunks"): 30.0,
            **{("scale", f"recall@10 of the vector index, {size} chunks"): 97.0 for size in _SIZES},
            ("telemetry", "warm throughput kept"): 90.0,
            ("telemetry", "cold throughput kept"): 90.0,
            ("bundles", "files found, 8,000 tokens: bundle to top hits"): 1.10,
            ("bundles", "files found, 8,000 tokens: bundle to whole files"): 1.25,
            ("bundles", "files found, 8,000 tokens: bundle to grep and read"): 1.25,
            **{("memory", f"after searches, {service}"): 400.0 for service in _SERVICES},
        },
        "small": {
            ("index", "first index"): 10.0,
            ("serve", "search, cold"): 60.0,
            ("serve", "search, warm"): 5.0,
        },
        # A drop below what is recorded fails the gate as well: see `report.dropped`.
        "annotations": {("quality", "all files in a bundle of 4,000 tokens"): 0.90},
        "golden": {("quality", "chunk NDCG@10"): 0.75, ("quality", "hit@10"): 0.93},
        "medium": {("index", "first index"): 15.0, ("serve", "pattern, cold"): 15.0},
        "large": {("index", "first index"): 120.0, ("serve", "pattern, cold"): 15.0, ("serve", "search, cold"): 12.0},
    }
)


def with_asked(figure: Figure, corpus: str) -> Figure:
    """The figure with what is asked of it on this corpus."""
    asked = ASKED.get(corpus, {}).get(figure.key, ASKED[""].get(figure.key))
    return figure if asked is None else replace(figure, asked=asked)
