"""What the gateway tells about the requests that it answers: its lines, and its numbers."""

import asyncio
import json
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

QUERY = "how long does the pause grow"


async def sampled(api: Any) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of the labels' names."""
    text = (await api.client.get("/metrics")).text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def lines(gateway: Any, corr_id: str) -> dict[str, dict[str, Any]]:
    """What was said of one request, by event; the last one comes after the answer."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        said = [json.loads(line) for line in gateway.log.read_text().splitlines() if corr_id in line]
        found = {line["msg"]: line for line in said if line["corr_id"] == corr_id}
        if "request" in found:
            return found
        await asyncio.sleep(0.05)
    pytest.fail(f"nothing was said of {corr_id}")


async def test_a_search_is_told_by_what_it_was_and_never_by_what_was_asked(gateway, api, indexed, tenant):
    before = await sampled(api)
    ids = []
    for _ in range(2):
        answer = await api("POST", "/v1/search", json={"query": QUERY, "repos": [indexed]})
        ids.append(answer.headers["x-request-id"])
    first, second = [await lines(gateway, each) for each in ids]
    assert [each["answered"]["cache_hit"] for each in (first, second)] == [False, True]
    assert first["answered"]["query_hash"] == second["answered"]["query_hash"]
    for line in (first["answered"], first["request"]):
        assert line["corr_id"] == ids[0]
        assert (len(line["trace_id"]), len(line["tenant"]), line["component"]) == (32, 36, "gateway")
        assert line["duration_ms"] > 0
    assert (first["request"]["op"], first["request"]["status"]) == ("search_chunks", 200)
    assert QUERY not in gateway.log.read_text()
    after = await sampled(api)
    assert after["search_latency_ms_count",] == before.get(("search_latency_ms_count",), 0) + 2
    assert (
        after["pampax_answers_total", "hit", "search"] == before.get(("pampax_answers_total", "hit", "search"), 0) + 1
    )
    assert 0 < after["cache_hit_ratio",] <= 1
    counted = "pampax_http_requests_total", "search_chunks", "200"
    assert after[counted] == before.get(counted, 0) + 2
    assert after["pampax_http_in_flight",] == 1, "the one that asks"


@pytest.mark.parametrize(
    ("path", "status", "reason", "kind"),
    [
        ("/v1/repositories/none", 404, "REPOSITORY_NOT_FOUND", "NotFound"),
        ("/v1/repositories/UPPER", 400, "INVALID_REQUEST", "InvalidRequest"),
        ("/no/such/route", 404, "ROUTE_NOT_FOUND", "NotFound"),
    ],
)
async def test_a_refusal_is_told_and_counted_by_its_kind(gateway, api, path, status, reason, kind):
    before = (await sampled(api)).get(("errors_total", kind), 0)
    answer = await api.client.get(path)
    line = (await lines(gateway, answer.headers["x-request-id"]))["request"]
    assert (line["status"], line["err_code"], line["err_kind"]) == (status, reason, kind)
    assert (await sampled(api))["errors_total", kind] == before + 1


async def test_without_a_key_there_are_no_metrics_on_the_public_address(gateway):
    async with gateway.client() as anyone:
        assert (await anyone.get("/metrics")).status_code == 401
