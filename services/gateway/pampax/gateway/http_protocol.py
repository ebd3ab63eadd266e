"""HTTP as uvicorn reads it, except that what is no HTTP is told in the form of all other problems."""

from __future__ import annotations

from contextvars import copy_context

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pampax.core.errors import InvalidRequest
from pampax.gateway.rest.problems import problem_response
from pampax.runtime.context import REQUEST_ID_KEY, corr_id, enter_request

_STATUS = 400


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words for it
        """The parser has given up before it knew of a request: there is no method, no path and no header to look at."""
        self.transport.write(copy_context().run(_answer))
        self.transport.close()


def _answer() -> bytes:
    enter_request({})
    told = "this is no HTTP request that the gateway knows; check its method, its path and its headers"
    response = problem_response(InvalidRequest(told, reason="MALFORMED_REQUEST"), _STATUS)
    headers = [*response.raw_headers, (REQUEST_ID_KEY.encode(), corr_id.get().encode()), (b"connection", b"close")]
    lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
