"""Domain objects, the JSON of operation rows and protobuf messages say the same."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import BY_GRPC_CODE
from pampax.indexing import records, wire
from pampax.indexing.model import (
    Failure,
    FileProblem,
    IndexRequest,
    IndexResult,
    Operation,
    RefState,
    Repository,
    Source,
    SourceKind,
    State,
)
from pampax.v1 import indexing_service_pb2 as pb

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.integers(0, 2**40)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SKIPPED = st.dictionaries(TEXT, NUMBER, max_size=3)
REF = st.builds(RefState, TEXT, TEXT, st.booleans(), NUMBER, TEXT, MOMENT, NUMBER, NUMBER, SKIPPED)
PROBLEMS = st.lists(st.builds(FileProblem, TEXT, TEXT), max_size=3).map(tuple)
RESULT = st.builds(IndexResult, REF, NUMBER, st.booleans(), PROBLEMS)
REQUEST = st.builds(IndexRequest, TEXT, st.booleans(), TEXT)
FAILURE = st.builds(Failure, st.sampled_from(sorted(BY_GRPC_CODE)), TEXT.filter(bool), TEXT)
SOURCE = st.builds(Source, st.sampled_from([SourceKind.GIT_URL, SourceKind.PATH]), TEXT) | st.just(
    Source(SourceKind.UPLOAD)
)


@given(REQUEST, RESULT, FAILURE)
def test_records_round_trip(request: IndexRequest, result: IndexResult, failure: Failure) -> None:
    assert records.read_request(records.request_document(request)) == request
    assert records.read_result(records.result_document(result)) == result
    assert records.read_failure(records.failure_document(failure)) == failure
    assert records.read_result(None) is None


@given(SOURCE)
def test_a_source_round_trips(source: Source) -> None:
    assert wire.source_of(wire.source_message(source)) == source


@given(st.lists(REF, max_size=3, unique_by=lambda state: state.ref), SOURCE, MOMENT)
def test_a_repository_says_all_that_is_known(refs: list[RefState], source: Source, moment: datetime) -> None:
    message = wire.repository_message(Repository(1, "r", source, ("a",), ("b",), moment, tuple(refs)))
    assert message.name == "repositories/r"
    assert message.create_time.ToDatetime(UTC) == moment
    assert [(ref.ref, ref.generation, dict(ref.skipped)) for ref in message.refs] == [
        (state.ref, state.generation, dict(state.skipped)) for state in refs
    ]
    if refs:
        assert message.default_ref in {state.ref for state in refs}


@given(st.sampled_from(State), st.none() | RESULT, st.none() | FAILURE, PROBLEMS)
def test_an_operation_that_ended_has_a_response_or_an_error(
    state: State, result: IndexResult | None, failure: Failure | None, problems: tuple[FileProblem, ...]
) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=1)
    operation = Operation(
        UUID(int=7), "r", IndexRequest(), state, "parsing", 1, 2, moment, moment, problems, result, failure, "req-7"
    )
    message = wire.operation_message(operation)
    assert message.done is state.final
    assert (message.HasField("response") or message.HasField("error")) is state.final
    metadata = pb.IndexOperationMetadata()
    assert message.metadata.Unpack(metadata)
    assert [problem.path for problem in metadata.errors] == [problem.path for problem in problems]
    if message.HasField("error"):
        info = error_details_pb2.ErrorInfo()
        assert message.error.details[0].Unpack(info)
        expected = failure or Failure("INTERNAL", "INTERNAL", "")
        assert (info.domain, info.reason) == ("pampax", expected.reason)
        assert dict(info.metadata) == {"repository": "repositories/r", "corr_id": "req-7"}
        assert message.error.code == grpc.StatusCode[expected.code].value[0]
