"""The collectors of this process, one for each declared metric, made when it is first asked for.

    _CALLS = counter("pampax_client_calls_total")          # at module level
    _CALLS.labels(target, method, status).inc()            # at use, about a microsecond

Asking starts nothing: values are kept, and shown by `exposition` where that is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from pampax.runtime.telemetry.names import METRICS, Kind, Metric

# Ours alone, and what the process uses: what libraries register with the default one is not in our registry of names.
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
# A second series for each counter and histogram, which says when it began: nobody looks at it.
disable_created_metrics()

Refresh = Callable[[], None]

_refreshes: dict[object, Refresh] = {}


@cache
def counter(name: str) -> Counter:
    """KeyError when no counter of this name is declared; the same holds for the other two."""
    declared = _declared(name, "counter")
    return Counter(name, declared.help, declared.labels, registry=REGISTRY)


@cache
def gauge(name: str) -> Gauge:
    declared = _declared(name, "gauge")
    return Gauge(name, declared.help, declared.labels, registry=REGISTRY, multiprocess_mode=declared.merge)


@cache
def histogram(name: str) -> Histogram:
    declared = _declared(name, "histogram")
    return Histogram(name, declared.help, declared.labels, registry=REGISTRY, buckets=declared.buckets)


def before_scrape(owner: object, refresh: Refresh) -> None:
    """`refresh` sets gauges that would cost too much to keep right all the time. It runs in another thread, often.

    It holds until `forget(owner)`. Workers that fork set theirs when something has changed: nobody asks the children.
    """
    _refreshes[owner] = refresh


def forget(owner: object) -> None:
    """`owner` has ended; nothing happens when it is not known."""
    _refreshes.pop(owner, None)


def refresh() -> None:
    for each in tuple(_refreshes.values()):
        each()


def _declared(name: str, kind: Kind) -> Metric:
    declared = METRICS[name]
    if declared.kind != kind:
        raise KeyError(f"{name} is declared as a {declared.kind}, not as a {kind}")
    return declared
