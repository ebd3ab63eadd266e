"""Every REST operation, called against the real system and held against the OpenAPI document that it serves."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from pampax.core.ids import git_blob_id

SERVICES = {"gateway", "search", "assembly", "indexing"}
PATIENT_ASKS = 20
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

Call = Callable[[Any, str], Awaitable[Any]]


async def search(api, name):
    asked = {"query": "retry with backoff", "repos": [name], "explain": True, "why_not": "src/retry.py"}
    answer = await api("POST", "/v1/search", json=asked)
    assert answer.status_code == 200, answer.text
    best = answer.json()["results"][0]
    assert (best["repo"], best["path"]) == (name, "src/retry.py")
    assert best["evidence"]
    (told,) = answer.json()["why_not"]
    assert (told["repo"], told["path"], told["stage"], told["rank"]) == (name, "src/retry.py", "shown", 1)


async def bundle(api, name):
    body = {"task": "retry with backoff", "repos": [name], "format": "json", "token_budget": 1000}
    answer = await api("POST", "/v1/bundles", json=body)
    assert answer.status_code == 200, answer.text
    assert "src/retry.py" in [item["path"] for item in answer.json()["items"]]
    assert answer.json()["budget"]["used"] <= 1000


async def kept_bundle(api, name):
    body = {"task": "pace the retries", "repos": [name], "format": "json"}
    for _ in range(PATIENT_ASKS):  # what a busy machine cannot keep in time is kept the next time
        given = (await api("POST", "/v1/bundles", json=body)).json()
        shown = await api("GET", f"/v1/bundles/{given['signature']}", params={"format": "json"})
        if shown.status_code == 200:
            break
    assert (shown.json()["markdown"], shown.json()["items"]) == (given["markdown"], given["items"])
    found = await api("POST", f"/v1/bundles/{given['signature'][:12]}:verify")
    assert (found.json()["signature"], found.json()["status"]) == (given["signature"], "same"), found.text
    unknown = await api("GET", f"/v1/bundles/{'0' * 64}")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "BUNDLE_NOT_KEPT")


async def symbols(api, name):
    answer = await api("GET", "/v1/graph/symbols", params={"name": "retry_with_backoff", "repos": name})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["symbols"]
    assert (found["repo"], found["path"], found["kind"]) == (name, "src/retry.py", "function")
    assert answer.json()["total"] == 1
    wrong = await api("GET", "/v1/graph/symbols", params={"name": "", "limit": 201})
    assert wrong.status_code == 400


async def traverse(api, name):
    body = {"start": "retry_with_backoff", "repos": [name], "direction": "both", "depth": 2}
    answer = await api("POST", "/v1/graph:traverse", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["nodes"][0]["symbol"] == "retry_with_backoff"
    missing = await api("POST", "/v1/graph:traverse", json={"start": "nothing", "repos": [name]})
    assert (missing.status_code, missing.json()["reason"]) == (404, "SYMBOL_NOT_FOUND")
    wrong = await api("POST", "/v1/graph:traverse", json={"start": "a", "depth": 9, "relations": ["eats"]})
    assert wrong.status_code == 400


async def map_repositories(api, name):
    answer = await api("GET", "/v1/graph/repositories", params={"repos": name})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["repositories"]
    assert (found["repo"], found["package_count"], answer.json()["links"]) == (name, len(found["packages"]), [])
    missing = await api("GET", "/v1/graph/repositories", params={"repos": "no-such-repository"})
    assert (missing.status_code, missing.json()["reason"]) == (404, "REPOSITORY_NOT_FOUND")
    wrong = await api("GET", "/v1/graph/repositories", params={"repos": "no/name"})
    assert wrong.status_code == 400


async def create_and_delete(api, _name):
    body = {"name": "short-lived", "source": {"upload": True}, "include": ["*.py"], "exclude": ["build/"]}
    created = await api("POST", "/v1/repositories", json=body)
    assert (created.status_code, created.headers["location"]) == (201, "/v1/repositories/short-lived")
    assert (created.json()["include"], created.json()["source"]) == (["*.py"], {"upload": True})
    taken = await api("POST", "/v1/repositories", json=body)
    assert (taken.status_code, taken.json()["reason"]) == (409, "REPOSITORY_EXISTS")
    assert (await api("DELETE", "/v1/repositories/short-lived")).status_code == 204
    gone = await api("GET", "/v1/repositories/short-lived")
    assert (gone.status_code, gone.json()["reason"]) == (404, "REPOSITORY_NOT_FOUND")


async def delete_ref(api, name):
    missing = await api("DELETE", f"/v1/repositories/{name}/refs/no-such-branch")
    assert (missing.status_code, missing.json()["reason"]) == (404, "REF_NOT_FOUND")
    await api.fill("branches", "feature")
    asked = {"query": "retry with backoff", "repos": ["branches"]}
    answers = [(await api("POST", "/v1/search", json=asked)).json()["cache"] for _ in range(2)]
    assert answers == ["miss", "hit"]
    assert (await api("DELETE", "/v1/repositories/branches/refs/feature")).status_code == 204
    gone = await api("POST", "/v1/search", json=asked)
    assert (gone.status_code, gone.json()["reason"]) == (409, "NOT_INDEXED")
    left = (await api("GET", "/v1/repositories/branches")).json()
    assert (left["refs"], left["default_ref"]) == ([], "")
    assert (await api("DELETE", "/v1/repositories/branches")).status_code == 204


async def credential(api, _name):
    secret = "ghp_0123456789abcdef"
    asked = {
        "name": "private",
        "source": {"git_url": "https://example.com/x.git"},
        "credential": {"token": secret, "username": "robot"},
    }
    made = await api("POST", "/v1/repositories", json=asked)
    if made.status_code != 201:  # without a name server
        assert made.json()["reason"] in ("GIT_URL_REFUSED", "UNAVAILABLE"), made.text
        asked["source"]["git_url"] = "https://1.1.1.1/x.git"
        made = await api("POST", "/v1/repositories", json=asked)
    assert made.json()["credential"]["kind"] == "token"
    stored = await api("PUT", "/v1/repositories/private/credential", json={"token": secret[::-1]})
    assert stored.json()["credential"]["set_at"] > made.json()["credential"]["set_at"]
    shown = await api("GET", "/v1/repositories/private")
    for answer in (made, stored, shown):
        assert secret not in answer.text
        assert secret[::-1] not in answer.text
    assert (await api("DELETE", "/v1/repositories/private/credential")).status_code == 204
    assert (await api("GET", "/v1/repositories/private")).json()["credential"] is None
    missing = await api("DELETE", "/v1/repositories/private/credential")
    assert (missing.status_code, missing.json()["reason"]) == (404, "CREDENTIAL_NOT_FOUND")
    assert (await api("DELETE", "/v1/repositories/private")).status_code == 204


async def set_refresh(api, name):
    route = f"/v1/repositories/{name}/refresh"
    refused = await api("PUT", route, json={"interval_s": 900})  # it is filled by uploads
    assert (refused.status_code, "pampax watch" in refused.json()["detail"]) == (400, True)
    short = await api("PUT", route, json={"interval_s": 5})
    assert (short.status_code, "interval_s" in short.json()["detail"]) == (400, True)
    ended = await api("PUT", route, json={"interval_s": 0})
    assert (ended.status_code, "refresh" in ended.json()) == (200, False)


async def contexts(api, name):
    scope = {"repos": [name], "languages": ["python"], "path_globs": ["src/"], "kinds": ["function"]}
    body = {"description": "Retries", "visibility": "shared", "scope": scope, "defaults": {"mode": "lexical"}}
    saved = await api("PUT", "/v1/contexts/retries", json=body)
    assert saved.status_code == 200, saved.text
    assert saved.json()["scope"] == {**scope, "ref": None}
    assert (saved.json()["visibility"], saved.json()["mine"]) == ("shared", True)
    assert (await api("GET", "/v1/contexts/retries")).json() == saved.json()
    assert saved.json() in (await api("GET", "/v1/contexts")).json()["contexts"]
    found = (await api("POST", "/v1/search", json={"query": "retry", "pack": "retries"})).json()
    assert (found["pack"], {each["path"] for each in found["results"]}) == ("retries", {"src/retry.py"})
    bundle = (await api("POST", "/v1/bundles", json={"task": "retry", "pack": "retries"})).json()
    assert (bundle["pack"], "docs/it's here.md" in bundle["markdown"]) == ("retries", False)
    assert (await api("DELETE", "/v1/contexts/retries")).status_code == 204
    gone = await api("GET", "/v1/contexts/retries")
    assert (gone.status_code, gone.json()["reason"]) == (404, "PACK_NOT_FOUND")


async def list_repositories(api, name):
    page = (await api("GET", "/v1/repositories", params={"page_size": 1})).json()
    assert len(page["repositories"]) == 1
    names = [each["name"] for each in (await api("GET", "/v1/repositories")).json()["repositories"]]
    assert name in names


async def get_repository(api, name):
    repository = (await api("GET", f"/v1/repositories/{name}")).json()
    assert repository["default_ref"] == "worktree"
    assert repository["refs"][0]["files"] == 3


async def index(api, name):
    refused = await api("POST", f"/v1/repositories/{name}:index")
    assert (refused.status_code, refused.json()["reason"]) == (400, "INVALID_REQUEST")


async def plan(api, name):
    blob = git_blob_id(b"import time\n\n\ndef pause(seconds):\n    time.sleep(seconds)\n")
    asked = [{"blob_id": blob, "language": language} for language in ("python", "go")]
    answer = await api("POST", f"/v1/repositories/{name}:plan", json={"contents": asked})
    assert answer.json()["known"] == [{"blob_id": blob, "language": "python", "chunks": 1}]
    refused = await api("POST", f"/v1/repositories/{name}:plan")
    assert (refused.status_code, refused.json()["reason"]) == (409, "PLAN_NEEDS_FILES")


async def freshness(api, name):
    answer = (await api("GET", f"/v1/repositories/{name}:freshness")).json()
    assert (answer["state"], answer["ref"], answer["behind"]) == ("unknown", "worktree", 0)
    assert "uploaded" in answer["detail"]


async def quarantine(api, name):
    answer = await api("GET", f"/v1/repositories/{name}:quarantine")
    assert answer.json() == {"files": [], "total": 0}
    missing = await api("GET", "/v1/repositories/no-such:quarantine")
    assert (missing.status_code, missing.json()["reason"]) == (404, "REPOSITORY_NOT_FOUND")


async def watch_operation(api, _name):
    (latest,) = (await api("GET", "/v1/operations", params={"page_size": 1})).json()["operations"]
    watched = await api("GET", f"/v1/operations/{latest['id']}:watch")
    assert watched.headers["content-type"].startswith("text/event-stream")
    begin, event, end = watched.text.split("\n\n")
    assert (begin, end) == ("retry: 1000", "")
    fields = dict(line.split(": ", 1) for line in event.splitlines())
    told = json.loads(fields["data"])
    assert (fields["event"], told["id"], told["state"]) == ("operation", latest["id"], "succeeded")
    again = await api("GET", f"/v1/operations/{latest['id']}:watch", headers={"last-event-id": fields["id"]})
    assert again.status_code == 204
    missing = await api("GET", "/v1/operations/00000000-0000-4000-8000-000000000000:watch")
    assert (missing.status_code, missing.json()["reason"]) == (404, "OPERATION_NOT_FOUND")


async def builds(api, name):
    (listed,) = (await api("GET", "/v1/builds", params={"repo": name})).json()["builds"]
    assert (listed["repo"], listed["state"], listed["refs"], listed["files"]) == (name, "active", 1, 3)
    assert listed["bytes"] > 0
    every = (await api("GET", "/v1/builds", params={"page_size": 1})).json()
    assert len(every["builds"]) == 1


async def prune(api, name):
    for body in ({"repo": name, "dry_run": True}, {}):
        pruned = await api("POST", "/v1/builds:prune", json=body)
        assert (pruned.status_code, pruned.json()) == (200, {"removed": [], "left": 0})
    assert (await api("GET", "/v1/builds", params={"repo": name})).json()["builds"][0]["state"] == "active"


async def check(api, name):
    for body in (None, {"documents": 2, "ref": "worktree"}):
        answer = (await api("POST", f"/v1/repositories/{name}:check", json=body, timeout=60)).json()
        assert (answer["differing"], answer["differences"], answer["recall"]) == (0, [], None)
        assert answer["documents"] == (body or {"documents": 3})["documents"]


async def upload(api, name):
    refused = await api("POST", f"/v1/repositories/{name}:upload", json={"upload": "no-such", "blobs": []})
    assert refused.status_code in (400, 404)


async def upload_scip(api, name):
    route = f"/v1/repositories/{name}:scip"
    place = [5, 4, len("def "), len("def retry_with_backoff")]
    file = {"path": "src/retry.py", "definitions": place, "names": ["retry_with_backoff"]}
    taken = (await api("POST", route, json={"files": [file, {"path": "gone.py", "references": place}]})).json()
    assert (taken["files"], taken["unknown_files"], taken["misfit_files"], taken["left_out"]) == (1, 1, 0, ["gone.py"])
    misfit = await api("POST", route, json={"files": [{**file, "names": ["other"]}]})
    assert (misfit.status_code, misfit.json()["reason"]) == (409, "SCIP_DOES_NOT_FIT")
    for wrong in ({**file, "names": []}, {**file, "references": [1]}, {**file, "path": "../a.py"}, {"path": ""}):
        refused = await api("POST", route, json={"files": [wrong]})
        assert refused.status_code == 400, wrong
    twice = await api("POST", route, json={"files": [file, file]})
    assert twice.status_code == 400


async def list_operations(api, name):
    page = (await api("GET", "/v1/operations")).json()
    assert {operation["repository"] for operation in page["operations"]} == {name}


async def get_operation(api, _name):
    (latest,) = (await api("GET", "/v1/operations", params={"page_size": 1})).json()["operations"]
    operation = (await api("GET", f"/v1/operations/{latest['id']}")).json()
    assert (operation["state"], operation["result"]["status"]["files"]) == ("succeeded", 3)
    missing = await api("GET", "/v1/operations/00000000-0000-4000-8000-000000000000")
    assert (missing.status_code, missing.json()["reason"]) == (404, "OPERATION_NOT_FOUND")


async def cancel_operation(api, _name):
    (latest,) = (await api("GET", "/v1/operations", params={"page_size": 1})).json()["operations"]
    ended = await api("POST", f"/v1/operations/{latest['id']}:cancel")
    assert (ended.status_code, ended.json()["state"]) == (200, "succeeded")


async def read_file(api, name):
    text = (await api("GET", f"/v1/repositories/{name}/files/src/clock.py", params={"lines": "4-5"})).json()
    assert text["content"].rstrip("\n") == "def pause(seconds):\n    time.sleep(seconds)"
    assert (text["start_line"], text["end_line"], text["lines"], text["language"]) == (4, 5, 5, "python")
    quoted = await api("GET", f"/v1/repositories/{name}/files/docs/it's%20here.md")
    assert quoted.json()["path"] == "docs/it's here.md"
    missing = await api("GET", f"/v1/repositories/{name}/files/none.py")
    assert missing.status_code == 404


async def chunk(api, name):
    found = (await api("POST", "/v1/search", json={"query": "retry with backoff", "repos": [name]})).json()
    best = found["results"][0]
    for params in ({}, {"repo": name}):
        answer = (await api("GET", f"/v1/chunks/{best['id']}", params=params)).json()
        assert answer == {field: best[field] for field in answer}
    missing = await api("GET", f"/v1/chunks/{'0' * 24}")
    assert (missing.status_code, missing.json()["reason"]) == (404, "CHUNK_NOT_FOUND")


async def outline(api, name):
    answer = (await api("GET", f"/v1/repositories/{name}:outline")).json()
    assert answer["files"] == 3
    assert answer["languages"][0] == {"language": "python", "files": 2}
    assert answer["folders"] == [{"path": "docs", "files": 1}, {"path": "src", "files": 2}]
    defined = {file["path"]: [symbol["name"] for symbol in file["symbols"]] for file in answer["main_files"]}
    assert defined["src/retry.py"] == ["retry_with_backoff"]
    below = (await api("GET", f"/v1/repositories/{name}:outline", params={"folder": "src", "files": 1})).json()
    assert (below["files"], len(below["main_files"])) == (2, 1)
    missing = await api("GET", f"/v1/repositories/{name}:outline", params={"folder": "none"})
    assert (missing.status_code, missing.json()["reason"]) == (404, "FOLDER_NOT_FOUND")


async def health(api, _name):
    told = (await api("GET", "/v1/health")).json()
    assert {"database", "redis", *SERVICES} <= {part["name"] for part in told["components"]}
    redis = (await api("GET", "/v1/health", params={"service": "redis"})).json()
    assert [part["name"] for part in redis["components"]] == ["redis"]
    refused = await api("GET", "/v1/health", params={"service": "postgres"})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, "service")


async def metrics(api, _name):
    for accept, media_type in (("*/*", "text/plain"), (OPENMETRICS, "application/openmetrics-text")):
        answer = await api("GET", "/metrics", headers={"accept": accept})
        assert answer.headers["content-type"].startswith(media_type)
        found = {family.name: family for family in text_string_to_metric_families(answer.text)}
        routes = {sample.labels["route"] for sample in found["pampax_http_request_seconds"].samples}
        assert routes <= {*CALLS, "none"}
        assert found.keys() >= {"search_latency_ms", "cache_hit_ratio", "pg_read_ms", "pampax_pool_connections"}


async def probe(api, path):
    assert (await api("GET", path)).status_code == 200


CALLS: dict[str, Call] = {
    "search_chunks": search,
    "assemble_bundle": bundle,
    "get_bundle": kept_bundle,
    "verify_bundle": kept_bundle,
    "find_symbols": symbols,
    "traverse": traverse,
    "map_repositories": map_repositories,
    "create_repository": create_and_delete,
    "delete_repository": create_and_delete,
    "delete_ref": delete_ref,
    "set_credential": credential,
    "delete_credential": credential,
    "set_refresh": set_refresh,
    "save_context": contexts,
    "get_context": contexts,
    "list_contexts": contexts,
    "delete_context": contexts,
    "list_repositories": list_repositories,
    "get_repository": get_repository,
    "index_repository": index,
    "plan_index": plan,
    "list_quarantine": quarantine,
    "get_freshness": freshness,
    "check_index": check,
    "list_builds": builds,
    "prune_builds": prune,
    "upload_scip": upload_scip,
    "upload_tree": upload,
    "list_operations": list_operations,
    "get_operation": get_operation,
    "cancel_operation": cancel_operation,
    "watch_operation": watch_operation,
    "read_file": read_file,
    "get_chunk": chunk,
    "get_outline": outline,
    "get_health": health,
    "get_metrics": metrics,
    "get_liveness": lambda api, _name: probe(api, "/livez"),
    "get_readiness": lambda api, _name: probe(api, "/readyz"),
    "get_openapi": lambda api, _name: probe(api, "/openapi.json"),
}


def operations(document):
    return [operation for methods in document["paths"].values() for operation in methods.values()]


@pytest.mark.parametrize("operation_id", CALLS)
async def test_the_operation_answers_as_documented(api, indexed, operation_id):
    await CALLS[operation_id](api, indexed)
    assert operation_id in api.called


async def test_every_operation_of_the_document_has_a_test(document):
    assert sorted(operation["operationId"] for operation in operations(document)) == sorted(CALLS)


async def test_the_document_is_valid_openapi_3_1(document):
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"


async def test_every_operation_documents_its_problems_and_who_may_call(document):
    assert document["security"] == [{"api_key": []}]
    for operation in operations(document):
        assert operation["summary"]
        problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/Problem"}
        is_open = operation["operationId"] in ("get_liveness", "get_readiness", "get_openapi")
        assert ("401" in operation["responses"]) is not is_open
        assert (operation.get("security") == []) is is_open


async def test_every_body_has_an_example_that_is_accepted_by_its_own_schema(document, assert_matches):
    for operation in operations(document):
        if "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        examples = [example["value"] for example in content.get("examples", {}).values()]
        examples += examples_of(document, content["schema"])
        assert examples, operation["operationId"]
        for example in examples:
            assert_matches(document, content["schema"], example)


def examples_of(document, schema):
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]].get("examples", [])
    return [example for each in schema.get("anyOf", []) for example in examples_of(document, each)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/search", {}, 400),
        ("POST", "/v1/search", {"query": "x", "repos": ["unknown"]}, 404),
        ("POST", "/v1/search", {"query": "x", "max_staleness": 0}, 409),
        ("POST", "/v1/bundles", {"task": "x", "token_budget": 1}, 400),
        ("GET", "/v1/bundles/xyz", None, 400),
        ("GET", "/v1/bundles/0123456789ab", None, 404),
        ("POST", "/v1/bundles/0123456789ab:verify", None, 404),
        ("GET", "/v1/chunks/xyz", None, 400),
        ("GET", "/v1/repositories/unknown:outline", None, 404),
        ("GET", "/v1/repositories/tour:outline?files=0", None, 400),
        ("GET", "/v1/repositories/tour:outline?folder=../x", None, 400),
        ("POST", "/v1/repositories", {"name": "x", "source": {"path": "/tmp"}}, 403),
        ("POST", "/v1/repositories/unknown:index", {}, 404),
        ("POST", "/v1/repositories/unknown:plan", {}, 404),
        ("POST", "/v1/repositories/unknown:plan", {"contents": [{"blob_id": "x", "language": "go"}]}, 400),
        ("GET", "/v1/repositories/unknown:freshness", None, 404),
        ("POST", "/v1/repositories/unknown:check", {}, 404),
        ("POST", "/v1/repositories/unknown:check", {"documents": 0}, 400),
        ("GET", "/v1/contexts/unknown", None, 404),
        ("GET", "/v1/contexts?page_token=junk", None, 400),
        ("PUT", "/v1/contexts/UPPER", {}, 400),
        ("PUT", "/v1/contexts/x", {"scope": {"path_globs": ["!"]}}, 400),
        ("PUT", "/v1/contexts/x", {"scope": {"repos": ["unknown"]}}, 404),
        ("DELETE", "/v1/contexts/unknown", None, 404),
        ("POST", "/v1/search", {"query": "x", "pack": "unknown"}, 404),
        ("POST", "/v1/bundles", {"task": "x", "pack": "-"}, 400),
        ("GET", "/v1/builds?repo=unknown", None, 404),
        ("GET", "/v1/builds?repo=UPPER", None, 400),
        ("GET", "/v1/builds?page_token=junk", None, 400),
        ("POST", "/v1/builds:prune", {"repo": "unknown"}, 404),
        ("POST", "/v1/repositories/unknown:upload", {"manifest": []}, 404),
        ("DELETE", "/v1/repositories/unknown", None, 404),
        ("DELETE", "/v1/repositories/unknown/refs/main", None, 404),
        ("PUT", "/v1/repositories/unknown/credential", {"token": "x"}, 404),
        ("PUT", "/v1/repositories/tour/credential", {"token": "x"}, 400),
        ("DELETE", "/v1/repositories/tour/credential", None, 404),
        ("DELETE", "/v1/repositories/unknown/refs/~bad", None, 400),
        ("GET", "/v1/repositories/UPPER", None, 400),
        ("GET", "/v1/operations/not-an-id", None, 400),
        ("GET", "/v1/operations?page_size=0", None, 400),
        ("GET", "/v1/operations?page_token=junk", None, 400),
    ],
)
async def test_problems_are_as_documented(api, indexed, method, path, body, status):
    path, _, query = path.partition("?")
    answer = await api(method, path, json=body, params=query or None)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert problem["corr_id"] == answer.headers["x-request-id"]
    assert "\n" not in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "hunter2", "ssh_key": "hunter2"},
        {"token": "hunter2 hunter2"},
        {"token": ["hunter2"]},
        {"token": {"value": "hunter2"}},
        {"ssh_key": 7, "known_hosts": "hunter2"},
        {"username": "hunter2"},
        {"token": "x", "known_hosts": "hunter2"},
        {"ssh_key": "x", "username": "hunter2"},
        {"tokn": "hunter2"},
        "hunter2",
        {"token": "x", "username": "hunter2:hunter2"},
    ],
)
async def test_a_credential_that_is_refused_is_not_shown(api, indexed, body):
    for method, path, sent in (
        ("PUT", f"/v1/repositories/{indexed}/credential", body),
        ("POST", "/v1/repositories", {"name": "x", "source": {"upload": True}, "credential": body}),
    ):
        answer = await api(method, path, json=sent)
        assert answer.status_code == 400
        assert "hunter2" not in answer.text


async def test_the_same_search_is_answered_from_the_cache_until_the_next_publish(api, indexed):
    body = {"query": "pace of the attempts", "repos": [indexed]}
    first, second = [(await api("POST", "/v1/search", json=body)).json() for _ in range(2)]
    assert (first["cache"], second["cache"]) == ("miss", "hit")
    assert second["results"] == first["results"]
