"""Cached answers: when one is given, when it must not be."""

from datetime import timedelta

import pytest

from pampax.core.errors import InvalidRequest

PATIENT_ASKS = 20


async def test_the_second_identical_search_is_a_hit(client, behaviour):
    first = (await client.post("/v1/search", json={"query": "retry policy"})).json()
    second = (await client.post("/v1/search", json={"query": "  retry policy "})).json()
    assert (first["cache"], second["cache"]) == ("miss", "hit")
    assert second["results"] == first["results"]
    assert second["corr_id"] != first["corr_id"]
    assert behaviour.calls == ["SearchChunks"]


async def test_a_publish_makes_the_old_answer_unreachable(client, behaviour, published, publish):
    body = {"query": "who publishes"}
    before = (await client.post("/v1/search", json=body)).json()
    publish(published)
    after = (await client.post("/v1/search", json=body)).json()
    assert (before["generation"], after["generation"]) == (1, 2)
    assert after["cache"] == "miss"


async def test_an_answer_made_from_a_later_generation_than_its_key_is_not_stored(client, behaviour, published, publish):
    async def publish_meanwhile():
        publish(published)
        behaviour.before_answer = None

    body = {"query": "racing publish"}
    behaviour.before_answer = publish_meanwhile
    raced = (await client.post("/v1/search", json=body)).json()
    again = (await client.post("/v1/search", json=body)).json()
    assert (raced["generation"], raced["cache"]) == (2, "miss")
    assert (again["generation"], again["cache"]) == (2, "miss")


async def test_degraded_answers_are_not_stored(client, behaviour):
    body = {"query": "half an answer"}
    behaviour.degraded = ("semantic",)
    first = (await client.post("/v1/search", json=body)).json()
    assert (first["degraded"], first["cache"]) == (["semantic"], "miss")
    behaviour.degraded = ()
    second = (await client.post("/v1/search", json=body)).json()
    assert (second["degraded"], second["cache"]) == ([], "miss")


@pytest.mark.parametrize(("route", "body"), [("search", {"query": "so far"}), ("bundles", {"task": "so far"})])
async def test_pending_vectors_are_told_anew_each_time(client, behaviour, route, body):
    behaviour.degraded = ("semantic",)
    for count in (3, 6):
        behaviour.notices = (f"demo at main: vectors pending, {count} of 9 embedded",)
        answer = (await client.post(f"/v1/{route}", json=body)).json()
        assert (answer["degraded"], answer["notices"]) == (["semantic"], list(behaviour.notices))
        assert answer["cache"] == "miss"
    behaviour.degraded = behaviour.notices = ()
    assert (await client.post(f"/v1/{route}", json=body)).json()["notices"] == []


async def test_failures_are_not_stored(client, behaviour):
    body = {"query": "fails once"}
    behaviour.error = InvalidRequest("path_glob does not hold", fields={"path_glob": "does not hold"})
    assert (await client.post("/v1/search", json=body)).status_code == 400
    behaviour.error = None
    assert (await client.post("/v1/search", json=body)).json()["cache"] == "miss"


async def test_tenants_do_not_share_cached_answers(client, gateway, behaviour, tenant, publish):
    body = {"query": "whose answer"}
    await client.post("/v1/search", json=body)
    stranger = tenant()
    publish(stranger)
    async with gateway.client(stranger.key) as other:
        answer = (await other.post("/v1/search", json=body)).json()
    assert answer["cache"] == "miss"


async def test_max_staleness_is_checked_on_hits_too(client, behaviour, published, publish):
    publish(published, "old", age_s=3600)
    body = {"query": "how old", "repos": ["old"]}
    assert (await client.post("/v1/search", json=body)).json()["age_s"] >= 3600
    assert (await client.post("/v1/search", json=body | {"max_staleness": 7200})).json()["cache"] == "hit"
    stale = await client.post("/v1/search", json=body | {"max_staleness": timedelta(minutes=5).total_seconds()})
    assert (stale.status_code, stale.json()["reason"]) == (409, "STALE")
    assert "old (main)" in stale.json()["detail"]


async def test_the_oldest_snapshot_speaks_for_the_answer(client, behaviour, published, publish):
    publish(published, "older", age_s=100)
    publish(published, "older", age_s=100)
    answer = (await client.post("/v1/search", json={"query": "ages"})).json()
    assert [snapshot["repo"] for snapshot in answer["snapshots"]] == ["code", "older"]
    assert answer["generation"] == 2
    assert 100 <= answer["age_s"] == max(snapshot["age_s"] for snapshot in answer["snapshots"])


async def test_the_order_of_names_makes_no_other_question(client, behaviour, published, publish):
    publish(published, "second")
    await client.post("/v1/search", json={"query": "same", "repos": ["code", "second"], "languages": ["go", "c"]})
    again = await client.post(
        "/v1/search", json={"query": "same", "repos": ["second", "code"], "languages": ["C", "Go"]}
    )
    assert again.json()["cache"] == "hit"


async def test_a_bundle_is_cached_like_a_search(client, behaviour, published, publish):
    body = {"task": "add a timeout"}
    first = (await client.post("/v1/bundles", json=body)).json()
    second = first
    for _ in range(PATIENT_ASKS):  # what a busy machine cannot keep in time is kept the next time
        if second["cache"] != "hit":
            second = (await client.post("/v1/bundles", json=body)).json()
    as_json = (await client.post("/v1/bundles", json=body | {"format": "json"})).json()
    publish(published)
    third = (await client.post("/v1/bundles", json=body)).json()
    assert [answer["cache"] for answer in (first, second, as_json, third)] == ["miss", "hit", "hit", "miss"]
    assert second["signature"] == first["signature"]
    assert "content" not in second["items"][0]
    assert as_json["items"][0]["content"] == "x = 1\ny = 2\n"
