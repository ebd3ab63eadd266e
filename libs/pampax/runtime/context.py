"""What every step of one request may know without being told: its ids and its deadline.

Context variables follow the request through tasks; each rpc runs in a task of its own, so nothing needs resetting.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from contextvars import ContextVar

REQUEST_ID_KEY = "x-request-id"
TRACEPARENT_KEY = "traceparent"

corr_id: ContextVar[str] = ContextVar("corr_id", default="")
# What is asked of others from here on is below this span: ours when tracing is on, else the one that came along.
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
# The id of the caller's tenant, for log lines: what may be read is decided by the caller, never by this.
tenant: ContextVar[str] = ContextVar("tenant", default="")
# Seconds of time.monotonic() at which the request's answer is no longer wanted.
deadline: ContextVar[float | None] = ContextVar("deadline", default=None)

# What a stranger may have us write into every log line.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def new_corr_id() -> str:
    """128 random bits, 32 hex digits."""
    return secrets.token_hex(16)


def new_traceparent() -> str:
    """The start of a trace (W3C Trace Context, version 00), marked as sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def enter_request(metadata: Mapping[str, str]) -> str:
    """Takes both ids from lower-case metadata or HTTP headers; makes new ones where they are absent or malformed.

    Returns the traceparent that came along, the parent of this request's span; "" when the trace begins here.
    """
    request_id, trace = metadata.get(REQUEST_ID_KEY, ""), metadata.get(TRACEPARENT_KEY, "")
    corr_id.set(request_id if _REQUEST_ID.fullmatch(request_id) else new_corr_id())
    given = trace if _TRACEPARENT.fullmatch(trace) else ""
    traceparent.set(given or new_traceparent())
    return given


def enter_operation(request_id: str, trace: str) -> None:
    """The ids that an operation keeps of the request that made it; "" where it had none."""
    corr_id.set(request_id)
    traceparent.set(trace)


def trace_id() -> str:
    """The 32 hex digits of the trace that this request belongs to; "" outside of one."""
    return traceparent.get()[3:35]


def request_metadata() -> tuple[tuple[str, str], ...]:
    """Both ids as metadata, without those that are not set."""
    pairs = ((REQUEST_ID_KEY, corr_id.get()), (TRACEPARENT_KEY, traceparent.get()))
    return tuple(pair for pair in pairs if pair[1])


def enter_deadline(seconds: float) -> None:
    """From now on at most `seconds` remain; a nearer deadline that holds already stays."""
    held, asked = deadline.get(), time.monotonic() + seconds
    deadline.set(asked if held is None else min(held, asked))


def remaining_s() -> float | None:
    """Seconds until the deadline, negative when it has passed; None without one."""
    held = deadline.get()
    return None if held is None else held - time.monotonic()
