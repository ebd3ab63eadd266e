"""What the gateway measures of its requests and answers."""

import pytest

from pampax.core.errors import NotFound
from pampax.gateway.measures import Hits, Requests, answering
from pampax.runtime.telemetry.metrics import REGISTRY


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_ratio_is_of_the_answers_that_were_looked_for():
    hits = Hits()
    for cache in ("miss", "hit", "bypass", "hit", "hit"):
        hits.answered("search", cache)
    assert value("cache_hit_ratio") == 0.75
    assert value("pampax_answers_total", kind="search", cache="bypass") >= 1


def test_old_answers_leave_the_ratio():
    hits = Hits()
    for _ in range(1_000):
        hits.answered("bundle", "miss")
    assert value("cache_hit_ratio") == 0
    for _ in range(500):
        hits.answered("bundle", "hit")
    assert value("cache_hit_ratio") == 0.5


def test_a_request_is_in_flight_until_it_ends_however_it_does():
    requests = Requests(on=True)
    with requests.under_way():
        assert value("pampax_http_in_flight") == 1
    with pytest.raises(ValueError, match="broken"), requests.under_way():
        raise ValueError("broken")
    assert value("pampax_http_in_flight") == 0


@pytest.mark.parametrize(("on", "more"), [(True, 1), (False, 0)])
def test_a_request_is_counted_by_route_and_status_and_its_failure_by_kind_unless_metrics_are_off(on, more):
    counted = {"route": "get_repository", "status": "404"}
    before = value("pampax_http_requests_total", **counted), value("errors_total", kind="NotFound")
    requests = Requests(on=on)
    with requests.under_way():
        assert value("pampax_http_in_flight") == more
    requests.answered("get_repository", 404, 2.5, NotFound("no"))
    after = value("pampax_http_requests_total", **counted), value("errors_total", kind="NotFound")
    assert after == (before[0] + more, before[1] + more)


@pytest.mark.parametrize(("kind", "metric"), [("search", "search_latency_ms"), ("bundle", "assemble_latency_ms")])
def test_an_answer_that_fails_is_timed_too(kind, metric):
    before = value(f"{metric}_count")
    with answering(kind) as took_ms:
        assert took_ms() >= 0
    with pytest.raises(NotFound), answering(kind):
        raise NotFound("no")
    assert value(f"{metric}_count") == before + 2
