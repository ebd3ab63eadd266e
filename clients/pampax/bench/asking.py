"""One connection to a gateway that asks and takes the time.

The standard library's client: it takes a tenth of a millisecond of our own processor time for a request, which counts
where client and system share two cores and a warm answer takes two milliseconds.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from pampax.core.errors import Unavailable

TIMEOUT_S = 60.0
_SHOWN_BYTES = 300


class Asker:
    """A keep-alive connection; a context manager that closes it."""

    def __init__(self, endpoint: str, token: str) -> None:
        parts = urlsplit(endpoint)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._http = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._prefix = parts.path.rstrip("/")
        self._endpoint = endpoint
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def __enter__(self) -> Asker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def post(self, route: str, body: Mapping[str, Any]) -> tuple[float, bytes]:
        """Milliseconds from sending to the last byte, and the answer. Unavailable for anything but success."""
        return self._call("POST", route, json.dumps(body).encode())

    def post_document(self, route: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.post(route, body)[1])

    def get(self, route: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self._call("GET", route, None)[1])

    def delete(self, route: str) -> None:
        self._call("DELETE", route, None)

    def _call(self, method: str, route: str, content: bytes | None) -> tuple[float, bytes]:
        started = time.perf_counter()
        try:
            self._http.request(method, self._prefix + route, content, self._headers)
            response = self._http.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise Unavailable(
                f"{self._endpoint} broke off while it was measured: {error!r}; look at its logs"
            ) from error
        taken = (time.perf_counter() - started) * 1_000
        if not 200 <= response.status < 300:
            said = answer[:_SHOWN_BYTES].decode("utf-8", "replace")
            raise Unavailable(f"{self._endpoint} answered {method} {route} with {response.status}: {said}")
        return taken, answer
