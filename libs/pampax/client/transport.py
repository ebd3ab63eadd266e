"""One HTTP call: its time limit, its attempts, its id, and its failures as our errors."""

from __future__ import annotations

import gzip
import ipaddress
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from pampax.client.problems import error_of
from pampax.core.errors import ConfigError, DeadlineExceeded, PampaxError, ResourceExhausted, Unavailable
from pampax.core.version import own_version

CONNECT_S = 5.0
ATTEMPTS = 4
# Pauses of about 0.1, 0.2 and 0.4 s: a service that is being restarted is back within a second.
FIRST_PAUSE_S = 0.1
# Longer than that a person would rather be told.
LONGEST_PAUSE_S = 5.0
# Smaller bodies are sent faster than they are compressed.
GZIP_FROM_BYTES = 16 * 1024
_GZIP_LEVEL = 3
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt, for whoever wants to watch: `outcome` is the status or what went wrong."""

    method: str
    path: str
    outcome: str
    took_ms: float
    request_id: str


class Transport:
    """Calls one endpoint with one key. `on_exchange` hears of every attempt."""

    def __init__(
        self, endpoint: str, token: str, on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._on_exchange = on_exchange
        headers = {"user-agent": f"pampax/{own_version()}", "accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            url = httpx.URL(endpoint)
            # A proxy of the environment leads out of this machine; what listens here is reached directly.
            direct = _is_loopback(url.host)
            # Certificates, which take 40 ms to read, are of use only where TLS may be spoken.
            self._http = httpx.Client(
                base_url=self.endpoint, headers=headers, trust_env=not direct,
                verify=not (direct and url.scheme == "http"),
            )  # fmt: skip
        except (httpx.InvalidURL, ValueError, ImportError) as error:
            raise ConfigError(f"cannot use the endpoint {endpoint!r}: {error}; check --endpoint and proxies") from error

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        timeout_s: float,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int | Sequence[str]] | None = None,
        repeatable: bool = True,
    ) -> bytes:
        """The content of a successful answer.

        Calls that did not reach the server, and with `repeatable` those that were answered with 429 or 503 or broke
        off, are tried again with growing, jittered pauses, all within `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        request = self._request(method, path, body, query, timeout_s)
        return self._answered(request, deadline, repeatable=repeatable).content

    def lines(
        self,
        method: str,
        path: str,
        *,
        timeout_s: float,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int | Sequence[str]] | None = None,
    ) -> Iterator[bytes]:
        """The lines of an answer as they come, all within `timeout_s`. Closing the iterator ends the answer.

        What fails before the first is tried again as in `call`; afterwards nothing is.
        """
        deadline = time.monotonic() + timeout_s
        request = self._request(method, path, body, query, timeout_s)
        request.headers["accept"] = LINES
        response = self._answered(request, deadline, repeatable=True, stream=True)
        try:
            for line in response.iter_lines():
                if line:
                    yield line.encode()
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the whole took too long")
        except httpx.TimeoutException as error:
            message = f"{self.endpoint} did not finish its answer within {timeout_s:.0f} s; ask for less"
            raise DeadlineExceeded(message, metadata={"corr_id": request.headers["x-request-id"]}) from error
        except httpx.HTTPError as error:
            raise self._broken_off(request, error) from error
        finally:
            response.close()

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str | int | Sequence[str]] | None,
        timeout_s: float,
    ) -> httpx.Request:
        request = self._http.build_request(
            method, path, params=dict(query or {}), **_encoded(body), timeout=httpx.Timeout(timeout_s)
        )
        request.headers["x-request-id"] = uuid4().hex
        return request

    def _answered(
        self, request: httpx.Request, deadline: float, *, repeatable: bool, stream: bool = False
    ) -> httpx.Response:
        """The successful answer of the first attempt that has one; of a stream its beginning."""
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(request, deadline, stream=stream)
            except (_Unsent, Unavailable, ResourceExhausted) as error:
                failure = error.told if isinstance(error, _Unsent) else error
                pause_s = _pause_s(attempt, failure)
                again = repeatable or isinstance(error, _Unsent)
                last = attempt == ATTEMPTS - 1 or time.monotonic() + pause_s > deadline
                if not again or last or pause_s > LONGEST_PAUSE_S:
                    raise failure from error.__cause__
                time.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, request: httpx.Request, deadline: float, *, stream: bool) -> httpx.Response:
        request_id = request.headers["x-request-id"]
        left_s = max(0.001, deadline - time.monotonic())
        request.extensions["timeout"] = httpx.Timeout(left_s, connect=min(CONNECT_S, left_s)).as_dict()
        started = time.perf_counter()
        outcome = "interrupted"
        try:
            response = self._http.send(request, stream=stream)
            outcome = str(response.status_code)
        except httpx.ConnectError as error:
            outcome = "no connection"
            raise _Unsent(_unreachable(self.endpoint, error)) from error
        except httpx.ConnectTimeout as error:
            outcome = "no connection"
            raise _Unsent(
                Unavailable(f"{self.endpoint} does not answer; check --endpoint and the network between")
            ) from error
        except httpx.TimeoutException as error:
            outcome = "timeout"
            message = f"{self.endpoint} did not answer within {left_s:.0f} s; ask for less, or look at `pampax health`"
            raise DeadlineExceeded(message, metadata={"corr_id": request_id}) from error
        except httpx.HTTPError as error:
            outcome = "broken off"
            raise self._broken_off(request, error) from error
        finally:
            took_ms = (time.perf_counter() - started) * 1000
            self._on_exchange(Exchange(request.method, request.url.path, outcome, took_ms, request_id))
        if not response.is_success:
            response.read()
            raise error_of(response)
        return response

    def _broken_off(self, request: httpx.Request, error: httpx.HTTPError) -> Unavailable:
        message = f"the connection to {self.endpoint} broke off ({_why(error)}); try again"
        return Unavailable(message, metadata={"corr_id": request.headers["x-request-id"]})


class _Unsent(Exception):
    """Nothing has reached the server; `told` is what the caller hears of it."""

    def __init__(self, told: PampaxError) -> None:
        super().__init__(str(told))
        self.told = told


def _encoded(body: Mapping[str, Any] | None) -> dict[str, Any]:
    if body is None:
        return {}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    if len(content) >= GZIP_FROM_BYTES:
        content = gzip.compress(content, _GZIP_LEVEL, mtime=0)
        headers["content-encoding"] = "gzip"
    return {"content": content, "headers": headers}


def _pause_s(attempt: int, failure: PampaxError) -> float:
    backoff_s = FIRST_PAUSE_S * (1 << attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, hides nothing
    return max(backoff_s, failure.retry_after_s or 0.0)


def _unreachable(endpoint: str, error: httpx.ConnectError) -> Unavailable:
    why = _why(error)
    if "refused" in why.lower():
        return Unavailable(f"nothing answers at {endpoint}: start it with `pampax up`, or give --endpoint")
    return Unavailable(f"cannot connect to {endpoint}: {why}; check --endpoint")


def _why(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
