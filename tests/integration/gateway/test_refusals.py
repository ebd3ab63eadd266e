"""Requests that are wrong: each gets one readable line, and none reaches a service."""

import asyncio
import gzip
import json
import re
import time

import pytest

SEARCH = "/v1/search"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "body", "line"),
    [
        (SEARCH, {}, "query is required"),
        (SEARCH, {"query": "  "}, "query must not be empty"),
        (SEARCH, {"query": "a\0b"}, "query must not contain a zero character"),
        (SEARCH, {"query": "ü" * 4097}, "query must have at most 8192 bytes, got 8194"),
        (SEARCH, {"query": "x", "limit": 0}, "limit must be between 1 and 100, got 0"),
        (SEARCH, {"query": "x", "limit": 101}, "limit must be between 1 and 100, got 101"),
        (SEARCH, {"query": "x", "limit": "10"}, "limit must be a valid integer, got '10'"),
        (SEARCH, {"query": "x", "limits": 3}, "limits is not a field of this request; GET /openapi.json lists them"),
        (SEARCH, {"query": "x", "mode": "magic"},
         "mode must be one of hybrid, lexical, semantic, symbol, regex, literal, got 'magic'"),
        (SEARCH, {"query": "x", "rerank": "api"}, "rerank must be one of off, local, got 'api'"),
        (SEARCH, {"query": "x", "rerank": "local"},
         "rerank is local, and this system has none: set search.reranker, or leave it out"),
        (SEARCH, {"query": "x", "kinds": ["class"]},
         "kinds[0] must be one of type, function, variable, declaration, block, text, got 'class'"),
        (SEARCH, {"query": "x", "languages": ["pyton"]},
         "languages[0] is not a known language, got 'pyton'; did you mean python?"),
        (SEARCH, {"query": "x", "languages": ["js"]},
         "languages[0] is not a known language, got 'js'; did you mean javascript?"),
        (SEARCH, {"query": "x", "languages": ["klingon"] * 33}, "languages must have at most 32 entries, got 33"),
        (SEARCH, {"query": "x", "repos": ["Code"]},
         "repos[0] must be 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, got 'Code'"),
        (SEARCH, {"query": "x", "repos": ["r"] * 51}, "repos must have at most 50 entries, got 51"),
        (SEARCH, {"query": "x", "ref": "a b"},
         "ref must be a branch, a tag or worktree, at most 255 characters, got 'a b'"),
        (SEARCH, {"query": "x", "max_staleness": -1}, "max_staleness must be between 0 and 31536000, got -1.0"),
        (SEARCH, {"query": "x", "limit": 0, "ref": ".."},
         ("ref must be a branch, a tag or worktree, at most 255 characters, got '..'; "
          "limit must be between 1 and 100, got 0")),
        ("/v1/bundles", {"task": "t", "token_budget": 0}, "token_budget must be between 256 and 200000, got 0"),
        ("/v1/bundles", {"task": "t", "seed_paths": ["/etc/passwd"]},
         "seed_paths[0] must be a path relative to the repository's root, got '/etc/passwd'"),
        ("/v1/bundles", {"task": "t", "tokenizer": "gpt2"},
         "tokenizer must be one of o200k_base, cl100k_base, bytes4, got 'gpt2'"),
        ("/v1/repositories", {"name": "x", "source": {}},
         "source must have exactly one of git_url, path and upload (true)"),
        ("/v1/repositories", {"name": "x", "source": {"git_url": "ext::sh"}},
         ("source.git_url is refused: not a git URL that can be fetched: use https://host/path, "
          "ssh://user@host/path or user@host:path")),
        ("/v1/repositories/x:index", {"ref": "-x"},
         "ref must be a branch, a tag or worktree, at most 255 characters, got '-x'"),
        ("/v1/repositories/x:upload", {"manifest": [{"path": "a", "blob_id": "1" * 40}]},
         "manifest[0] is not right: object missing required field size"),
        ("/v1/repositories/x:upload", {"manifest": [], "history": {"paths": ["../a"], "commits": []}},
         "history.paths[0] must be a path relative to the repository's root, got '../a'"),
        ("/v1/repositories/x:upload",
         {"manifest": [], "history": {"paths": [], "commits": [{"id": "a", "time": 0, "files": 1}]}},
         "history.commits[0].id is not right: expected str matching regex '^[0-9a-f]{40}$'"),
        ("/v1/repositories/x:upload", {"manifest": [{"path": "../a", "blob_id": "1" * 40, "size": 1}]},
         "manifest[0].path must be a path relative to the repository's root, got '../a'"),
        ("/v1/repositories/x:upload", {"upload": "u", "blobs": [{"id": "1" * 40, "content_base64": "%"}]},
         "blobs[0].content_base64 is not right: invalid base64 encoded string"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_in_one_line(client, behaviour, path, body, line):
    answer = await client.post(path, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["detail"]) == (400, line)
    assert problem["fields"]
    assert behaviour.calls == []


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", "the body is missing"),
        (b"{", "the body is not valid JSON"),
        (b'{"query": "\xff"}', "the body cannot be read"),
        (b'{"query": "\\ud800"}', "query must be valid Unicode text"),
        (b"[]", "the body must be a JSON object"),
        (b'"text"', "the body must be a JSON object"),
        (b"[" * 100_000, "the body is nested too deep"),
        (b'{"query": "x", "max_staleness": Infinity}', "max_staleness must be a finite number"),
        (b'{"query": "x", "limit": 1' + b"0" * 5000 + b"}", "the body holds a number of too many digits"),
        (b'{"query": "x", "limit": 1' + b"0" * 4000 + b"}", "limit must be between 1 and 100, got 1000"),
    ],
)
async def test_a_body_that_is_no_request_is_refused(client, behaviour, body, line):
    answer = await client.post(SEARCH, content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(line)
    assert len(answer.json()["detail"]) < 120


@pytest.mark.parametrize(
    ("path", "body", "line"),
    [
        (SEARCH, {"query": "x", "languages": ["pythn"] * 50_000}, "languages must have at most 32 entries, got 50000"),
        (SEARCH, {"query": "x", "repos": ["/"] * 50_000}, "repos must have at most 50 entries, got 50000"),
    ],
)
async def test_a_list_that_is_too_long_is_refused_without_looking_at_its_entries(client, behaviour, path, body, line):
    began = time.perf_counter()
    problem = (await client.post(path, json=body)).json()
    assert problem["detail"] == line
    assert time.perf_counter() - began < 1  # to look for what each of them may mean takes four


async def test_a_form_is_told_to_be_json(client):
    answer = await client.post(SEARCH, data={"query": "x"})
    assert answer.status_code == 400
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/repositories/a/b", "/v1/repositories/a:dance", "/docs"]
)
async def test_unknown_routes_are_problems(client, path):
    answer = await client.post(path, json={}) if ":" in path else await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["reason"] == "ROUTE_NOT_FOUND"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_told_the_right_one(client):
    answer = await client.get(SEARCH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["reason"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/repositories", "GET, POST"), ("/v1/repositories/code", "DELETE, GET"), ("/livez", "GET")],
)
async def test_a_wrong_method_is_told_every_right_one(client, path, allowed):
    answer = await client.patch(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["detail"] == f"PATCH is not possible here; use {allowed}"


@pytest.mark.parametrize("path", ["/v1/operations/xx", "/v1/operations/xx:cancel"])
async def test_an_operation_id_that_is_none_is_told_what_one_is(client, behaviour, path):
    answer = await client.request("POST" if ":" in path else "GET", path)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "an operation id is a UUID, as `:index` returned it, got 'xx'"
    assert [each["field"] for each in answer.json()["fields"]] == ["id"]
    assert behaviour.calls == []


@pytest.mark.parametrize("declared", [True, False])
async def test_a_huge_body_is_refused_without_being_read(client, behaviour, declared):
    async def pieces():
        for _ in range(20):
            yield b" " * 65_536

    content = b" " * (2 << 20) if declared else pieces()
    answer = await client.post(SEARCH, content=content, headers=JSON)
    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")


async def test_gzip_bodies_are_inflated(client, behaviour):
    body = gzip.compress(json.dumps({"query": "squeezed"}).encode())
    answer = await client.post(SEARCH, content=body, headers=JSON | {"content-encoding": "gzip"})
    assert answer.status_code == 200
    assert behaviour.requests[0].query == "squeezed"


@pytest.mark.parametrize("spoil", [lambda body: body[:-9], lambda body: b"no" + body, lambda body: body + b"more"])
async def test_malformed_gzip_is_refused(client, spoil):
    body = spoil(gzip.compress(b'{"query": "x"}'))
    answer = await client.post(SEARCH, content=body, headers=JSON | {"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "MALFORMED_GZIP")


@pytest.mark.parametrize(("path", "inflated"), [(SEARCH, 8 << 20), ("/v1/repositories/x:upload", 200 << 20)])
async def test_a_gzip_bomb_is_refused(client, behaviour, path, inflated):
    body = gzip.compress(bytes(inflated), compresslevel=1)
    answer = await client.post(path, content=body, headers=JSON | {"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")


async def test_other_encodings_are_refused(client):
    answer = await client.post(SEARCH, content=b"x", headers=JSON | {"content-encoding": "br"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "ENCODING_UNKNOWN")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("src/a%20b.py", "src/a b.py"),
        ("it%27s%22.py", "it's\".py"),
        ("two%0Alines.py", "two\nlines.py"),
        ("ends%0A", "ends\n"),
        ("%E6%BC%A2%E5%AD%97.md", "漢字.md"),
        ("src%2Fdeep%2Fa.py", "src/deep/a.py"),
        ("100%25.txt", "100%.txt"),
        ("a:index", "a:index"),
        ("q%3Fx%23y", "q?x#y"),
    ],
)
async def test_file_paths_arrive_as_they_are(client, behaviour, raw, path):
    answer = await client.get(f"/v1/repositories/code/files/{raw}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["path"] == path
    assert behaviour.requests[0].path == path


@pytest.mark.parametrize("raw", ["%2Fetc%2Fpasswd", "a%2F%2Fb", "a%2F..%2Fb", "%00", "a" * 5000])
async def test_paths_that_leave_the_repository_are_refused(client, behaviour, raw):
    answer = await client.get(f"/v1/repositories/code/files/{raw}")
    assert answer.status_code == 400
    assert behaviour.calls == []


@pytest.mark.parametrize(("lines", "expected"), [("10-20", (10, 20)), ("7", (7, 7)), ("", (0, 0))])
async def test_a_range_of_lines(client, behaviour, lines, expected):
    assert (await client.get("/v1/repositories/code/files/a.py", params={"lines": lines})).status_code == 200
    assert (behaviour.requests[0].start_line, behaviour.requests[0].end_line) == expected


@pytest.mark.parametrize("lines", ["20-10", "0-1", "a", "1-", "99999999999"])
async def test_a_range_that_is_none_is_refused(client, behaviour, lines):
    assert (await client.get("/v1/repositories/code/files/a.py", params={"lines": lines})).status_code == 400
    assert behaviour.calls == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("my-id_1.2", True), ("a:b/c=d+e", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("<b>", False)],
)
async def test_the_clients_request_id_comes_back_when_it_is_sane(client, behaviour, sent, kept):
    answer = await client.post(SEARCH, json={"query": "id"}, headers={"x-request-id": sent})
    given = answer.headers["x-request-id"]
    assert (given == sent) is kept
    assert answer.json()["corr_id"] == given
    assert re.fullmatch(r"[0-9a-f]{32}", answer.json()["trace_id"])


async def test_the_request_id_reaches_the_services_and_every_refusal(client, behaviour):
    await client.post(SEARCH, json={"query": "follow me"}, headers={"x-request-id": "abc"})
    refused = await client.post(SEARCH, json={}, headers={"x-request-id": "def"})
    assert behaviour.corr_ids == ["abc"]
    assert (refused.headers["x-request-id"], refused.json()["corr_id"]) == ("def", "def")


async def test_bytes_that_are_no_http_end_the_connection_and_nothing_else(gateway, client, behaviour):
    host, port = gateway.http.removeprefix("http://").split(":")
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\n\r\n\r\n", "GET /ü HTTP/1.1\r\nhost: x\r\n\r\n".encode()):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(junk)
        await asyncio.wait_for(reader.read(), timeout=10)
        writer.close()
    assert (await client.post(SEARCH, json={"query": "still there"})).status_code == 200


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"upload":' + b"[" * 100_000, b'{"manifest":' + b"[" * 100_000, b"{}", b"null", b""]
)
async def test_an_upload_that_is_none_is_refused(client, behaviour, body):
    answer = await client.post("/v1/repositories/code:upload", content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    assert behaviour.calls == []


async def test_an_upload_with_a_large_manifest_arrives_whole(client, behaviour):
    entries = [{"path": f"src/{number}.py", "blob_id": "1" * 40, "size": 1} for number in range(100_000)]
    body = gzip.compress(json.dumps({"manifest": entries}).encode(), compresslevel=1)
    headers = JSON | {"content-encoding": "gzip"}
    answer = await client.post("/v1/repositories/code:upload", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    (messages,) = behaviour.requests
    assert len(messages) > 1
    assert sum(len(message.entries) for message in messages) == 100_000


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("GET", "/v1/operations?pagesize=3",
         "'pagesize' is not a query parameter of this route; did you mean page_size?"),
        ("GET", "/v1/repositories/code/files/a.py?line=3&ref=main",
         "'line' is not a query parameter of this route; did you mean lines?"),
        ("POST", "/v1/search?limit=3",
         "'limit' is not a query parameter of this route; GET /openapi.json lists them"),
        ("GET", "/v1/repositories/code?a=1&%00=&a=2",
         ("'a' is not a query parameter of this route; GET /openapi.json lists them; "
          "'\\x00' is not a query parameter of this route; GET /openapi.json lists them")),
    ],
)  # fmt: skip
async def test_query_parameters_that_a_route_does_not_know_are_refused(client, behaviour, method, path, line):
    answer = await client.request(method, path, json={"query": "x"} if method == "POST" else None)
    problem = answer.json()
    assert (answer.status_code, problem["detail"], problem["reason"]) == (400, line, "INVALID_REQUEST")
    assert problem["fields"]
    assert behaviour.calls == []


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json"])
async def test_machines_that_look_may_add_what_they_like(client, path):
    assert (await client.get(f"{path}?at=123")).status_code == 200


@pytest.mark.parametrize("request_line", [b"BREW /v1/search HTTP/1.1", b"\x16\x03\x01", b"GET /\x00 HTTP/1.1"])
async def test_what_is_no_http_is_told_as_a_problem(client, request_line):
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(request_line + b"\r\nhost: x\r\nx-request-id: mine\r\n\r\n")
    async with asyncio.timeout(20):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    lines = head.decode().lower().split("\r\n")
    problem = json.loads(body)
    assert lines[0] == "http/1.1 400 bad request"
    assert {"content-type: application/problem+json", f"content-length: {len(body)}", "connection: close"} <= set(lines)
    assert (problem["status"], problem["reason"]) == (400, "MALFORMED_REQUEST")
    assert f"x-request-id: {problem['corr_id']}" in lines
