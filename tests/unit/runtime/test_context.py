"""The ids and the deadline of one request."""

from __future__ import annotations

import contextvars

import pytest

from pampax.runtime import context

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def inside(work):
    return contextvars.Context().run(work)


def entered(metadata):
    def enter():
        context.enter_request(metadata)
        return dict(context.request_metadata())

    return inside(enter)


def test_ids_that_came_along_are_kept():
    metadata = {"x-request-id": "req-1", "traceparent": TRACE}
    assert entered(metadata) == metadata


@pytest.mark.parametrize("request_id", ["", "a b", 'a"}\n{', "x" * 129, "é"])
def test_a_request_id_that_would_spoil_a_log_line_is_replaced(request_id):
    assert len(entered({"x-request-id": request_id})["x-request-id"]) == 32


@pytest.mark.parametrize(
    "trace", ["", "00-1-2-03", TRACE.upper(), TRACE.replace("00-", "01-", 1), f"00-{'0' * 32}-{'1' * 16}-01"]
)
def test_a_malformed_trace_is_replaced_by_a_new_one(trace):
    given = entered({"traceparent": trace})["traceparent"]
    assert given != trace
    assert entered({"traceparent": given})["traceparent"] == given


def test_outside_of_a_request_nothing_is_sent_along():
    assert inside(context.request_metadata) == ()
    assert inside(context.remaining_s) is None


def test_a_later_deadline_does_not_extend_a_nearer_one():
    def enter():
        context.enter_deadline(5)
        context.enter_deadline(500)
        return context.remaining_s()

    assert inside(enter) <= 5


def test_a_nearer_deadline_holds():
    def enter():
        context.enter_deadline(500)
        context.enter_deadline(-1)
        return context.remaining_s()

    assert inside(enter) < 0
