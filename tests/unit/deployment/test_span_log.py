"""The spans that the collector keeps: found again by the ids in them, bounded on disk, shown as a tree."""

import errno
import io
import os

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from pampax.core.errors import LocalIOError, ResourceExhausted
from pampax.deployment import __main__ as command
from pampax.deployment import span_log
from pampax.deployment.span_log import FILE_NAME, SpanLog, find
from pampax.deployment.spans import attributes_of, spans_of, tree


def a_span(name, number, parent=0, *, trace=1, start_ms=0, took_ms=5, **attributes):
    start = 1_700_000_000_000_000_000 + start_ms * 1_000_000
    return Span(
        name=name,
        trace_id=trace.to_bytes(16),
        span_id=number.to_bytes(8),
        parent_span_id=parent.to_bytes(8) if parent else b"",
        start_time_unix_nano=start,
        end_time_unix_nano=start + took_ms * 1_000_000,
        attributes=[KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in attributes.items()],
        kind=Span.SPAN_KIND_SERVER,
    )


def a_batch(service, *spans):
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name", value=AnyValue(string_value=service))
    resource.scope_spans.add().spans.extend(spans)
    return request


@pytest.fixture
def log(tmp_path):
    opened = SpanLog(tmp_path)
    yield opened
    opened.close()


def test_a_span_is_found_by_its_trace_and_by_an_attribute(log, tmp_path):
    log.append(spans_of(a_batch("gateway", a_span("a", 1, corr_id="request-1"), a_span("b", 2, trace=2))))
    (found,) = find(tmp_path, (1).to_bytes(16).hex())
    assert (found["service"], found["name"], found["kind"], found["duration_ms"]) == ("gateway", "a", "server", 5.0)
    assert find(tmp_path, "request-1") == [found]


def test_a_part_of_an_id_finds_nothing(log, tmp_path):
    log.append(spans_of(a_batch("gateway", a_span("a", 1, corr_id="request-12"))))
    assert find(tmp_path, "request-1") == []


def test_the_oldest_spans_make_room(log, tmp_path, monkeypatch):
    log._file.maxBytes = 2_000
    for number in range(200):
        log.append(spans_of(a_batch("gateway", a_span("a", number, corr_id=f"request-{number}"))))
    assert find(tmp_path, "request-0") == []
    assert len(find(tmp_path, "request-199")) == 1
    assert len(list(tmp_path.iterdir())) == 1 + span_log.OLD_FILES
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.iterdir())


def test_a_line_that_is_being_written_is_no_span(log, tmp_path):
    log.append(spans_of(a_batch("gateway", a_span("a", 1, corr_id="request-1"))))
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write('{"corr_id": "request-1", "na')
    assert len(find(tmp_path, "request-1")) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalIOError, match=r"collector\.folder"):
        SpanLog(tmp_path / "file")


class _Full(io.StringIO):
    def flush(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_to_the_sender_and_stops_nobody(log):
    log._file.setStream(_Full()).close()
    with pytest.raises(ResourceExhausted, match="free some space"):
        log.append(spans_of(a_batch("gateway", a_span("a", 1))))
    log.close()


def test_spans_are_shown_below_their_parents_in_the_order_of_their_start(log, tmp_path):
    log.append(spans_of(a_batch("search", a_span("rank", 3, 2, start_ms=4, took_ms=1))))
    log.append(
        spans_of(a_batch("gateway", a_span("POST /v1/search", 1, 99, took_ms=9), a_span("call", 2, 1, start_ms=1)))
    )
    shown = list(tree(find(tmp_path, (1).to_bytes(16).hex())))
    assert [line.split("ms  ")[1] for line in shown] == [
        "gateway POST /v1/search",
        "  gateway call",
        "    search rank",
    ]


def test_a_failure_is_seen_in_the_tree():
    failed = a_span("call", 1)
    failed.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="UNAVAILABLE"))
    (line,) = tree(list(spans_of(a_batch("gateway", failed))))
    assert line.endswith("call FAILED")


def test_every_kind_of_value_is_kept():
    listed = ArrayValue(values=[AnyValue(int_value=1), AnyValue(bool_value=True)])
    mapped = KeyValueList(values=[KeyValue(key="x", value=AnyValue(double_value=0.5))])
    values = {
        "list": AnyValue(array_value=listed),
        "map": AnyValue(kvlist_value=mapped),
        "bytes": AnyValue(bytes_value=b"\x01"),
        "none": AnyValue(),
    }
    kept = attributes_of([KeyValue(key=key, value=value) for key, value in values.items()])
    assert kept == {"list": [1, True], "map": {"x": 0.5}, "bytes": "01", "none": None}


def test_the_command_prints_the_whole_trace_of_a_request(log, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PAMPAX_COLLECTOR__FOLDER", str(tmp_path))
    log.append(spans_of(a_batch("gateway", a_span("edge", 1, corr_id="request-1"), a_span("inner", 2, 1, start_ms=1))))
    assert command.main(["trace", "request-1"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"trace {(1).to_bytes(16).hex()}"
    assert [line.split()[-1] for line in lines] == ["edge", "inner"]


def test_the_command_says_what_to_look_at_when_nothing_is_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PAMPAX_COLLECTOR__FOLDER", str(tmp_path))
    assert command.main(["trace", "request-1"]) == 2
    assert "OTLP_ENDPOINT" in capsys.readouterr().err
    assert command.main(["traces"]) == 2
    assert "usage" in capsys.readouterr().err
