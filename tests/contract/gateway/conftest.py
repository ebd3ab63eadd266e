"""The whole system as processes: the gateway, and the real services behind it, over the real Postgres and Redis."""

import asyncio
import base64
import copy
import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jsonschema
import pytest

from pampax.embedded.ports import free_port

TESTS = Path(__file__).parents[2]


def _fixtures_of(folder: str) -> ModuleType:
    """The fixtures of other folders; pytest itself shares them downwards only."""
    path = TESTS / folder / "conftest.py"
    spec = importlib.util.spec_from_file_location(f"fixtures_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


_gateways = _fixtures_of("integration/gateway")

FILES = {
    "src/retry.py": '''"""Retries."""


def retry_with_backoff(call, attempts=3):
    """Calls again, with a growing pause between the attempts."""
    for attempt in range(attempts):
        try:
            return call()
        except OSError:
            pause(2**attempt)
    raise OSError
''',
    "src/clock.py": "import time\n\n\ndef pause(seconds):\n    time.sleep(seconds)\n",
    "docs/it's here.md": "# Notes\n\nHow retries are paced.\n",
}
COMMANDS = {
    "search": ["-m", "pampax.search"],
    "assembly": ["-m", "pampax.assembly"],
    "indexing": ["-m", "pampax.indexing"],
    "worker": ["-m", "pampax.indexing", "worker"],
    "gateway": ["-m", "pampax.gateway"],
}
READY_S = 60.0


@dataclass
class Api:
    """A client that holds every answer against the served document."""

    client: httpx.AsyncClient
    document: dict[str, Any]
    called: set[str] = field(default_factory=set)

    async def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self.client.request(method, path, **options)
        operation = operation_of(self.document, method, path)
        self.called.add(operation["operationId"])
        responses = operation["responses"]
        described = responses.get(str(answer.status_code), responses["default"])
        assert "x-request-id" in answer.headers
        if answer.status_code == 204:
            assert answer.content == b""
            return answer
        if {"text/plain", "text/event-stream"} & described["content"].keys():
            assert answer.headers["content-type"].partition(";")[0] in described["content"]
            return answer
        (media_type,) = described["content"]
        assert answer.headers["content-type"] == media_type
        assert_matches(self.document, described["content"][media_type]["schema"], answer.json())
        return answer

    async def finished(self, operation_id: str) -> dict[str, Any]:
        """The operation when it is done."""
        give_up = time.monotonic() + READY_S
        while time.monotonic() < give_up:
            operation = (await self("GET", f"/v1/operations/{operation_id}")).json()
            if operation["done"]:
                return operation
            await asyncio.sleep(0.2)
        pytest.fail(f"the operation is not done: {operation}")

    async def fill(self, name: str, ref: str = "worktree") -> None:
        """Makes a repository and uploads and indexes FILES under the ref."""
        assert (await self("POST", "/v1/repositories", json={"name": name, "source": {"upload": True}})).is_success
        opened = await self(
            "POST", f"/v1/repositories/{name}:upload", json={"ref": ref, "manifest": manifest_of(FILES)}
        )
        upload = opened.json()["upload"]
        sent = await self("POST", f"/v1/repositories/{name}:upload", json={"upload": upload, "blobs": blobs_of(FILES)})
        assert sent.json()["missing"] == 0
        started = await self("POST", f"/v1/repositories/{name}:index", json={"upload": upload})
        assert started.status_code == 202
        operation = await self.finished(started.json()["id"])
        assert operation["state"] == "succeeded", json.dumps(operation)


def operation_of(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The operation that the document has for a request."""
    for template, methods in document["paths"].items():
        pattern = re.sub(r"\\\{path\\\}", ".+", re.escape(template))
        pattern = re.sub(r"\\\{\w+\\\}", "[^/:]+", pattern)
        if re.fullmatch(pattern, path) and method.lower() in methods:
            return methods[method.lower()]
    raise AssertionError(f"the document has no {method} {path}")


def assert_matches(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Valid, and without a field that the document does not have."""
    components = copy.deepcopy(document["components"])
    for each in components["schemas"].values():
        if "properties" in each:
            each.setdefault("additionalProperties", False)
    jsonschema.Draft202012Validator(
        {**schema, "components": components}, format_checker=jsonschema.FormatChecker()
    ).validate(value)


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def manifest_of(files: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"path": path, "blob_id": blob_id(text.encode()), "size": len(text.encode()), "mode": 0o100644}
        for path, text in files.items()
    ]


def blobs_of(files: dict[str, str]) -> list[dict[str, str]]:
    contents = [text.encode() for text in files.values()]
    return [{"id": blob_id(each), "content_base64": base64.b64encode(each).decode()} for each in contents]


@pytest.fixture(scope="module")
async def gateway(database_urls, redis_url, tmp_path_factory) -> AsyncIterator[Any]:
    """A running system, known by its gateway."""
    folder = tmp_path_factory.mktemp("system")
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ("search", "assembly", "indexing")}
    environment = _gateways.gateway_environment(database_urls.service, redis_url, **addresses) | {
        "PAMPAX_INDEXING__CACHE_DIR": str(folder / "cache"),
        "PAMPAX_INDEXING__CREDENTIAL_KEYS": "0123456789abcdef" * 4,
        "HOME": str(folder),
        **{name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ},
    }
    processes = []
    try:
        for name, arguments in COMMANDS.items():
            with (folder / f"{name}.log").open("wb") as log:
                command = [sys.executable, *arguments]
                processes.append(await asyncio.to_thread(subprocess.Popen, command, env=environment, stderr=log))
        running = _gateways.Gateway(
            f"http://{environment['PAMPAX_GATEWAY__HTTP_ADDRESS']}",
            environment["PAMPAX_GATEWAY__GRPC_ADDRESS"],
            processes[-1],
            folder / "gateway.log",
        )
        await _gateways.answers(running, "/readyz")
        yield running
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in processes:
            await asyncio.to_thread(process.wait, 30)


@pytest.fixture(scope="module")
async def admin(gateway, tenant) -> AsyncIterator[httpx.AsyncClient]:
    made = tenant()
    async with gateway.client(made.key) as client:
        await _gateways.reported(client)
        yield client


@pytest.fixture(scope="module")
async def document(gateway) -> dict[str, Any]:
    async with gateway.client() as anyone:
        return (await anyone.get("/openapi.json")).json()


@pytest.fixture(scope="module")
async def api(admin, document) -> Api:
    return Api(admin, document)


@pytest.fixture(scope="module")
async def indexed(api: Api) -> str:
    """The name of a repository that holds FILES, uploaded and indexed through the gateway."""
    name = "tour"
    await api.fill(name)
    return name


@pytest.fixture(name="assert_matches")
def _assert_matches() -> Any:
    return assert_matches
