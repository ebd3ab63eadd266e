"""What the client sends, and what it makes of answers and failures."""

import socket
from collections.abc import Callable

import pytest

from pampax.client.client import Client
from pampax.client.context import NewPack, PackDefaults, PackScope
from pampax.client.repository import Manifest, ManifestEntry, NewRepository, Source
from pampax.client.search import SearchRequest
from pampax.client.transport import Exchange
from pampax.core.errors import (
    Aborted,
    AlreadyExists,
    ConfigError,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidRequest,
    NotFound,
    PampaxError,
    PermissionDenied,
    ResourceExhausted,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

from .conftest import Gateway, Told

HEALTH = Told({"status": "ok", "components": []})
ANSWER = {
    "results": [],
    "intent": "question",
    "cache": "miss",
    "took_ms": 1.5,
    "degraded": [],
    "generation": 0,
    "build": "",
    "age_s": 0,
    "snapshots": [],
    "corr_id": "c",
    "trace_id": "t",
    "next_page_token": "",
}
REPOSITORY = {
    "name": "shop",
    "source": {"path": "/src/shop"},
    "include": [],
    "exclude": [],
    "create_time": "2025-01-01T00:00:00Z",
    "refs": [],
    "default_ref": "",
}


@pytest.mark.parametrize("path", ["", "../../v1/operations", "a//b", "a/./b", "/etc/passwd"])
def test_a_path_never_leads_to_another_route(gateway: Gateway, client: Client, path: str) -> None:
    with pytest.raises(InvalidRequest, match="relative to the repository's root"):
        client.read_file("shop", path)
    assert gateway.asked == []


def test_a_request_carries_the_key_and_an_id(gateway: Gateway, client: Client) -> None:
    gateway.will(HEALTH)
    client.health()
    (asked,) = gateway.asked
    assert asked.headers["authorization"] == "Bearer pampax_key"
    assert len(asked.headers["x-request-id"]) == 32


def test_only_what_was_set_is_sent(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(ANSWER))
    client.search(SearchRequest(query="retries", languages=("go",), ref=None))
    assert gateway.asked[0].body == {"query": "retries", "languages": ["go"]}


def test_the_document_of_an_answer_is_what_was_sent(gateway: Gateway, client: Client) -> None:
    newer = {**ANSWER, "added_later": [1]}
    gateway.will(Told(newer))
    assert client.search(SearchRequest(query="x")).document() == newer
    assert list(client.search(SearchRequest(query="x")).document()) == list(newer)


def test_large_bodies_travel_compressed(gateway: Gateway, client: Client) -> None:
    gateway.will(Told({"upload": "u", "missing": [], "expires_at": "2025-01-01T00:00:00Z"}))
    entries = tuple(ManifestEntry(path=f"src/{n}.py", blob_id=f"{n:040x}", size=n, mode=0o100644) for n in range(500))
    client.open_upload("shop", Manifest(ref="main", manifest=entries))
    (asked,) = gateway.asked
    assert asked.headers["content-encoding"] == "gzip"
    assert [entry["path"] for entry in asked.body["manifest"]] == [entry.path for entry in entries]


def test_blobs_are_sent_by_id(gateway: Gateway, client: Client) -> None:
    gateway.will(Told({"upload": "u", "missing": 3}))
    assert client.send_blobs("shop", "u", {"ab" * 20: b"\0\xff"}) == 3
    assert gateway.asked[0].body == {"upload": "u", "blobs": [{"id": "ab" * 20, "content_base64": "AP8="}]}


def test_every_page_of_repositories_is_read(gateway: Gateway, client: Client) -> None:
    pages = [
        Told({"repositories": [REPOSITORY], "next_page_token": "second"}),
        Told({"repositories": [{**REPOSITORY, "name": "web"}], "next_page_token": ""}),
    ]
    gateway.will(*pages)
    assert [repository.name for repository in client.repositories()] == ["shop", "web"]
    assert gateway.asked[1].path.endswith("page_token=second")


def test_paths_of_files_are_quoted(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(status=404, body={"status": 404, "detail": "no", "reason": "FILE_NOT_FOUND"}))
    with pytest.raises(NotFound):
        client.read_file("shop", "odd name?#/ü.py", lines="1-3")
    assert gateway.asked[0].path == "/v1/repositories/shop/files/odd%20name%3F%23/%C3%BC.py?lines=1-3"


@pytest.mark.parametrize("name", ["", "..", "a/b", "Ä", "x" * 64, "-a"])
def test_a_name_that_cannot_be_one_never_leaves(gateway: Gateway, client: Client, name: str) -> None:
    with pytest.raises(InvalidRequest, match="must be 1 to 63"):
        client.repository(name)
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("status", "reason", "leaf"),
    [
        (400, "INVALID_REQUEST", InvalidRequest),
        (401, "API_KEY_INVALID", Unauthenticated),
        (403, "ROLE_REQUIRED", PermissionDenied),
        (404, "REPOSITORY_NOT_FOUND", NotFound),
        (405, "METHOD_NOT_ALLOWED", InvalidRequest),
        (409, "REPOSITORY_EXISTS", AlreadyExists),
        (409, "NOT_INDEXED", FailedPrecondition),
        (409, "SNAPSHOT_REPLACED", Aborted),
        (413, "BODY_TOO_LARGE", TooLarge),
        (429, "RATE_LIMITED", ResourceExhausted),
        (500, "INTERNAL", Internal),
        (503, "UNAVAILABLE", Unavailable),
        (504, "DEADLINE_EXCEEDED", DeadlineExceeded),
    ],
)
def test_a_problem_becomes_the_error_it_stands_for(
    gateway: Gateway,
    client: Client,
    problem: Callable[..., Told],
    status: int,
    reason: str,
    leaf: type[PampaxError],
) -> None:
    gateway.will(problem(status, reason))
    with pytest.raises(leaf) as raised:
        client.health()
    assert type(raised.value) is leaf
    assert (raised.value.reason, raised.value.message) == (reason, "no; do something else")
    assert raised.value.metadata["corr_id"] == "c1"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_gateway_is_asked_again(
    gateway: Gateway, client: Client, problem: Callable[..., Told], status: int
) -> None:
    gateway.will(problem(status, "BUSY"), problem(status, "BUSY"), HEALTH)
    assert client.health().status == "ok"
    assert len({asked.headers["x-request-id"] for asked in gateway.asked}) == 1


def test_attempts_are_bounded(gateway: Gateway, client: Client, problem: Callable[..., Told]) -> None:
    gateway.will(problem(503, "UNAVAILABLE"))
    with pytest.raises(Unavailable):
        client.health()
    assert len(gateway.asked) == 4


def test_a_connection_that_breaks_off_is_tried_again(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(hang_up=True), HEALTH)
    assert client.health().status == "ok"


def test_what_must_not_happen_twice_is_not_repeated(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(hang_up=True), Told(REPOSITORY))
    with pytest.raises(Unavailable, match="broke off"):
        client.create_repository(NewRepository(name="shop", source=Source(upload=True)))
    assert len(gateway.asked) == 1


def test_a_long_wait_is_told_instead_of_waited(gateway: Gateway, client: Client, problem: Callable[..., Told]) -> None:
    gateway.will(problem(429, "RATE_LIMITED", **{"retry-after": "30"}))
    with pytest.raises(ResourceExhausted) as raised:
        client.health()
    assert raised.value.retry_after_s == 30.0
    assert len(gateway.asked) == 1


def test_nobody_at_the_endpoint_is_unavailable_with_advice() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Client(endpoint, "k") as client, pytest.raises(Unavailable, match=f"nothing answers at {endpoint}: start"):
            client.health()


def test_a_silent_endpoint_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pampax.client.client.OTHER_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(endpoint, "k") as client, pytest.raises(DeadlineExceeded, match="did not answer within"):
            client.health()


@pytest.mark.parametrize(
    "answer", [Told(b"<html>hello</html>"), Told(b"[]"), Told(b"<h1>no</h1>", 404), Told(b"", 302), Told({}, 200)]
)
def test_another_server_at_the_endpoint_is_named_as_such(gateway: Gateway, client: Client, answer: Told) -> None:
    gateway.will(answer)
    with pytest.raises(ConfigError, match="check --endpoint"):
        client.health()


def test_a_proxy_that_fails_is_unavailable(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(b"<h1>Bad Gateway</h1>", 502))
    with pytest.raises(Unavailable, match="answered 502"):
        client.health()


def test_loopback_is_reached_past_the_proxy_of_the_environment(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    gateway.will(HEALTH)
    with Client(gateway.endpoint, "k") as client:
        assert client.health().status == "ok"


def test_every_attempt_can_be_watched(gateway: Gateway, problem: Callable[..., Told]) -> None:
    seen: list[Exchange] = []
    gateway.will(problem(503, "UNAVAILABLE"), HEALTH)
    with Client(gateway.endpoint, "k", seen.append) as client:
        client.health()
    assert [(each.method, each.path, each.outcome) for each in seen] == [
        ("GET", "/v1/health", "503"),
        ("GET", "/v1/health", "200"),
    ]


def test_packs_are_saved_whole_and_listed_page_by_page(gateway: Gateway, client: Client) -> None:
    scope = {"repos": ["shop"], "ref": None, "languages": [], "path_globs": ["src/"], "kinds": []}
    defaults = {"mode": None, "limit": 5, "token_budget": None}
    pack = {
        "name": "web", "description": "", "visibility": "private", "scope": scope, "defaults": defaults, "owner": "p",
        "mine": True, "hidden_repos": 0, "create_time": "2025-01-01T00:00:00Z", "update_time": "2025-01-01T00:00:00Z",
    }  # fmt: skip
    gateway.will(Told(pack))
    new = NewPack(scope=PackScope(repos=("shop",), path_globs=("src/",)), defaults=PackDefaults(limit=5))
    assert client.save_context("web", new).document() == pack
    assert client.context("web").document() == pack
    assert [(each.method, each.path) for each in gateway.asked] == [
        ("PUT", "/v1/contexts/web"), ("GET", "/v1/contexts/web")
    ]  # fmt: skip
    assert gateway.asked[0].body == {"scope": {"repos": ["shop"], "path_globs": ["src/"]}, "defaults": {"limit": 5}}
    gateway.will(
        Told({"contexts": [pack], "next_page_token": "t"}),
        Told({"contexts": [{**pack, "name": "x"}], "next_page_token": ""}),
    )
    assert [each.name for each in client.contexts()] == ["web", "x"]
    with pytest.raises(InvalidRequest, match="a context pack's name must be"):
        client.delete_context("../repositories")
