"""PampaxError to google.rpc.Status and back."""

from __future__ import annotations

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import (
    BY_GRPC_CODE,
    Cancelled,
    ConfigError,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    LocalIOError,
    ResourceExhausted,
    TooLarge,
    Unavailable,
)
from pampax.runtime.errors_wire import (
    MAX_DETAIL_CHARS,
    MAX_DETAILS,
    MAX_MESSAGE_CHARS,
    from_rpc_error,
    from_status,
    to_status,
)

STATUS_BYTES = 16_000

short = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
some = st.dictionaries(short, short, max_size=5)
milliseconds = st.one_of(st.none(), st.integers(0, 10_000_000).map(lambda number: number / 1_000))
anything = st.text(max_size=3_000)
many = st.dictionaries(anything, anything, max_size=30)


def infos(status):
    info = error_details_pb2.ErrorInfo()
    return [detail for detail in status.details if detail.Unpack(info)]


@given(st.sampled_from(list(BY_GRPC_CODE.values())), short, some, some, milliseconds)
def test_an_error_survives_the_wire(leaf, message, metadata, fields, retry_after_s):
    if leaf is Unavailable and retry_after_s is None:
        retry_after_s = 1.0
    sent = leaf(message, reason="SOME_REASON", metadata=metadata, fields=fields, retry_after_s=retry_after_s)
    wire = status_pb2.Status.FromString(to_status(sent).SerializeToString())
    got = from_status(wire)
    assert type(got) is leaf
    assert vars(got) == vars(sent)


@given(anything, many, many)
def test_no_error_is_too_large_or_too_strange_to_be_told(message, metadata, fields):
    status = to_status(Internal(message, metadata=metadata, fields=fields))
    assert len(infos(status)) == 1
    got = from_status(status)
    assert len(got.message) <= MAX_MESSAGE_CHARS
    assert max(len(got.metadata), len(got.fields)) <= MAX_DETAILS
    assert all(len(text) <= MAX_DETAIL_CHARS for pair in got.fields.items() for text in pair)


@pytest.mark.parametrize("local", [ConfigError, LocalIOError])
def test_errors_of_this_machine_have_a_code_too(local):
    assert from_status(to_status(local("x", reason="HERE"))).reason == "HERE"


def test_config_errors_are_failed_preconditions_to_a_client():
    assert type(from_status(to_status(ConfigError("x")))) is FailedPrecondition


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (StatusCode.UNAVAILABLE, "failed to connect to all addresses", Unavailable),
        (StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", DeadlineExceeded),
        (StatusCode.CANCELLED, "", Cancelled),
        (StatusCode.RESOURCE_EXHAUSTED, "CLIENT: Received message larger than max (5 vs. 4)", TooLarge),
        (StatusCode.RESOURCE_EXHAUSTED, "Sent message larger than max (5 vs. 4)", TooLarge),
        (StatusCode.RESOURCE_EXHAUSTED, "Bandwidth exhausted", ResourceExhausted),
        (StatusCode.UNIMPLEMENTED, "Method not found!", Internal),
        (StatusCode.UNKNOWN, "secret stack trace", Internal),
        (StatusCode.DATA_LOSS, "", Internal),
    ],
)
def test_what_only_the_transport_says_gets_a_line_of_ours(code, details, expected):
    error = from_rpc_error(AioRpcError(code, Metadata(), Metadata(), details))
    assert type(error) is expected
    assert details == "" or details not in error.message


def test_details_that_contradict_the_call_are_not_believed():
    lying = to_status(FailedPrecondition("not indexed")).SerializeToString()
    trailing = Metadata(("grpc-status-details-bin", lying))
    assert type(from_rpc_error(AioRpcError(StatusCode.NOT_FOUND, Metadata(), trailing, "x"))).__name__ == "NotFound"


def test_details_that_are_no_status_are_passed_over():
    trailing = Metadata(("grpc-status-details-bin", b"\xff\xff"))
    assert type(from_rpc_error(AioRpcError(StatusCode.UNAVAILABLE, Metadata(), trailing, "x"))) is Unavailable
