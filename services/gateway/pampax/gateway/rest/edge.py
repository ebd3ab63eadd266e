"""Around every HTTP request: its ids, who calls, its body, its log line, and an answer whatever happens.

A thin layer of plain ASGI in front of the framework: nothing behind it sees a request that is not authenticated, not
whole or too large, and what it does is cheap enough for answers that come from the cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pampax.core.errors import Cancelled, DeadlineExceeded, PampaxError, ResourceExhausted, Unavailable
from pampax.core.identity import Caller
from pampax.gateway.auth import Keys
from pampax.gateway.measures import Requests
from pampax.gateway.rest.body import read_body
from pampax.gateway.rest.problems import failure_of, problem_response, unexpected
from pampax.gateway.rest.request_state import start_clock, took_ms
from pampax.runtime.caller import enter_caller
from pampax.runtime.context import corr_id, enter_request
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import Span, entry_span

HEALTH_PATH: Final = "/v1/health"
# Everything else needs a key.
OPEN_PATHS: Final = frozenset({"/livez", "/readyz", "/openapi.json"})
# Asked every few seconds, by machines, and told by nothing that a trace would explain.
_UNTRACED: Final = frozenset({"/livez", "/readyz", "/metrics"})
_UPLOAD_SUFFIXES: Final = (":upload", ":scip")
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_METHODS: Final = _BODILESS | {"POST", "PUT", "PATCH"}
_CLIENT_CLOSED_REQUEST: Final = 499
# What authenticating fails with when it is not the caller's fault, and how long it may take where health is asked for.
_STORE_IS_AWAY: Final = (Unavailable, DeadlineExceeded, ResourceExhausted)
_HEALTH_S: Final = 1.0

ToldToAnyone: TypeAlias = Callable[[str, PampaxError], Response | None]

_log = get_logger()


class Edge:
    """Wraps the framework's application."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        caller_secret: str,
        *,
        metrics: bool = True,
        told_to_anyone: ToldToAnyone = lambda _path, _error: None,
    ) -> None:
        """`told_to_anyone` answers those who cannot be known while the database is away, or does not."""
        self._told_to_anyone = told_to_anyone
        self._app = app
        self._requests = Requests(on=metrics)
        self._keys = keys
        self._secret = caller_secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_clock()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parent = enter_request(headers)
        if scope["path"] in _UNTRACED:
            await self._request(scope, headers, receive, send)
            return
        attributes = {"http.request.method": _method(scope), "pampax.corr_id": corr_id.get()}
        with entry_span(_method(scope), "server", attributes, parent=parent) as span:
            answer, failure = await self._request(scope, headers, receive, send)
            _describe(span, scope, answer, failure)

    async def _request(
        self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send
    ) -> tuple[_Answer, PampaxError | None]:
        """How far the answer got, and why it is a problem when it is one."""
        answer = _Answer(send)
        failure: PampaxError | None = None
        try:
            with self._requests.under_way():
                await self._answer(scope, headers, receive, answer)
        except PampaxError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - the last one who can answer: nothing unknown may reach the client
            _log.error("unexpected error", op=_operation(scope), exc_info=error)
            failure = unexpected()
        if failure is not None and not answer.started:
            await problem_response(failure)(scope, receive, answer)
        failure = failure or failure_of(scope)
        duration_ms = took_ms()
        self._requests.answered(_operation(scope), answer.status, duration_ms, failure)
        _write_line(_operation(scope), answer.status, duration_ms, failure)
        return answer, failure

    async def _answer(self, scope: Scope, headers: dict[str, str], receive: Receive, answer: _Answer) -> None:
        path: str = scope["path"]
        if path not in OPEN_PATHS:
            try:
                caller = await self._caller(path, headers)
            except _STORE_IS_AWAY as error:
                told = self._told_to_anyone(path, error)
                if told is None:
                    raise
                await told(scope, receive, answer)
                return
            enter_caller(caller, self._secret)
        bodiless = scope["method"] in _BODILESS
        body = b"" if bodiless else await read_body(receive, headers, upload=path.endswith(_UPLOAD_SUFFIXES))
        await _until_client_leaves(self._app(scope, _replay(body), answer), receive, answer)

    async def _caller(self, path: str, headers: dict[str, str]) -> Caller:
        """Who asks how the system is does not wait for what may be the trouble."""
        authorization = headers.get("authorization", "")
        if path != HEALTH_PATH:  # in this task: the time that it takes is remembered in the request's context
            return await self._keys.authenticate(authorization)
        authenticating = asyncio.ensure_future(self._keys.authenticate(authorization))
        try:
            done, _ = await asyncio.wait({authenticating}, timeout=_HEALTH_S)
        except asyncio.CancelledError:
            authenticating.cancel()
            raise
        if done:
            return authenticating.result()
        authenticating.add_done_callback(_look_at)
        authenticating.cancel()
        raise DeadlineExceeded(f"the database did not answer within {_HEALTH_S:g} s")


def _look_at(late: asyncio.Future[Caller]) -> None:
    """Python complains of an error that nobody has looked at."""
    if not late.cancelled():
        late.exception()


class _Answer:
    """`send`, with the request's id in the headers; remembers how far the answer got."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.complete = False
        self.status = _CLIENT_CLOSED_REQUEST

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", corr_id.get().encode())]
        elif not message.get("more_body"):
            self.complete = True
        await self._send(message)


async def _until_client_leaves(work: Awaitable[None], receive: Receive, answer: _Answer) -> None:
    """Nobody waits for an answer that can no longer be sent: the work is cancelled, the services behind it as well."""
    working: asyncio.Future[None] = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_client_left(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done() and not answer.complete:
            raise Cancelled("the client left before it was answered")
        await working
    finally:
        working.cancel()
        leaving.cancel()


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # what is left of a body that nobody asked for


def _replay(body: bytes) -> Receive:
    """A `receive` for the framework that has the whole body in one message, and nothing to say after it: whoever
    streams an answer asks on, and it is the edge that ends the work when the client leaves."""
    messages = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def receive() -> Message:
        message = next(messages, None)
        if message is None:
            await asyncio.Event().wait()  # until this is cancelled
            raise AssertionError("nothing sets it")
        return message

    return receive


def _describe(span: Span, scope: Scope, answer: _Answer, failure: PampaxError | None) -> None:
    """The route instead of the path, which may name a file of a repository, and nothing of the query."""
    if not span.recording:
        return
    route = getattr(scope.get("route"), "path_format", "")
    if route:
        span.rename(f"{_method(scope)} {route}")
    span.describe({"http.route": route, "http.response.status_code": answer.status})
    if failure is not None or answer.status >= 500:
        span.fail(failure.reason if failure else str(answer.status), ours=answer.status >= 500)


def _write_line(op: str, status: int, duration_ms: float, failure: PampaxError | None) -> None:
    fields: dict[str, object] = {"op": op, "duration_ms": duration_ms, "status": status}
    if failure is None:
        _log.info("request", **fields)
        return
    fields |= {"err_code": failure.reason, "err_kind": type(failure).__name__}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("request", **fields, detail=failure.message)
    else:
        _log.info("request", **fields)


def _method(scope: Scope) -> str:
    """As OpenTelemetry has it: a client may call its method anything."""
    return scope["method"] if scope["method"] in _METHODS else "_OTHER"


def _operation(scope: Scope) -> str:
    """The name of the route that answered; the path of a request may hold what no log should."""
    return getattr(scope.get("route"), "name", None) or "none"
