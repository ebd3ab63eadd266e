"""Spans: nothing while tracing is off; parents, names, failures and losses while it is on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextvars import Context, copy_context

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from pampax.core.errors import NotFound, Unavailable
from pampax.runtime import context
from pampax.runtime.logging import configure_logging
from pampax.runtime.settings import TelemetrySettings
from pampax.runtime.telemetry import otlp, tracing

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Kept(SpanExporter):
    """Takes spans, or not."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.takes = True
        self.batches = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches += 1
        if not self.takes:
            return SpanExportResult.FAILURE
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Tracing is on, and its spans are kept here instead of sent."""
    exporter = Kept()
    monkeypatch.setattr(otlp, "OTLPSpanExporter", lambda *_arguments, **_options: exporter)
    started = otlp.Tracing("test", "http://127.0.0.1:1", 1.0)
    monkeypatch.setattr(tracing, "_tracing", started)
    yield exporter
    started.shutdown()


def sent(kept: Kept) -> dict[str, ReadableSpan]:
    """What was traced so far, by name."""
    tracing._tracing._provider.force_flush()
    return {span.name: span for span in kept.spans}


def entry(name: str = "entry", parent: str = TRACE) -> tracing.Span:
    return tracing.entry_span(name, "server", {}, parent=parent)


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    """Nothing of a request is left for the next test."""
    context.traceparent.set("")
    yield
    context.traceparent.set("")


def test_without_an_endpoint_nothing_of_the_sdk_is_loaded() -> None:
    code = (
        "import sys\n"
        "from pampax.runtime.settings import TelemetrySettings\n"
        "from pampax.runtime.telemetry.tracing import configure_tracing, entry_span, span\n"
        "configure_tracing('test', TelemetrySettings())()\n"
        "with entry_span('a', 'server', {}, parent=''), span('search.rank') as rank: rank.set(candidates=1)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_while_tracing_is_off_every_span_is_the_same_object_and_the_trace_passes_through() -> None:
    context.traceparent.set(TRACE)
    with entry() as first, tracing.span("search.rank") as second, tracing.call_span("m", {}) as third:
        assert first is second is third
        first.set(candidates=1)
        first.describe({"a": 1})
        first.event("e")
        first.fail("WHY")
        first.rename("other")
        assert context.trace_id() == TRACE_ID
        assert dict(context.request_metadata())["traceparent"] == TRACE


def test_spans_are_below_what_came_in_and_what_goes_out_is_below_the_call(kept: Kept) -> None:
    with entry(), tracing.span("search.rank"), tracing.call_span("asked", {}):
        outgoing = context.traceparent.get()
        assert context.trace_id() == TRACE_ID
    assert context.traceparent.get() == ""
    spans = sent(kept)
    ids = {name: span.context.span_id for name, span in spans.items()}
    assert {name: span.parent.span_id for name, span in spans.items()} == {
        "entry": int("b7ad6b7169203331", 16), "search.rank": ids["entry"], "asked": ids["search.rank"],
    }  # fmt: skip
    assert outgoing == f"00-{TRACE_ID}-{ids['asked']:016x}-01"


def test_a_trace_begins_where_none_came_along(kept: Kept) -> None:
    with entry(parent=""):
        trace_id = context.trace_id()
    span = sent(kept)["entry"]
    assert span.parent is None
    assert trace_id == f"{span.context.trace_id:032x}"


def test_work_outside_of_a_request_has_no_span(kept: Kept) -> None:
    with tracing.span("search.rank"), tracing.leaf_span("redis.get", {}), tracing.call_span("asked", {}):
        assert context.traceparent.get() == ""
    assert sent(kept) == {}


def test_what_leaves_a_trace_has_no_spans_and_keeps_the_ids(kept: Kept) -> None:
    def beat() -> str:
        tracing.leave_trace()
        with tracing.leaf_span("postgres.write", {}):
            return context.trace_id()

    with entry():
        assert copy_context().run(beat) == TRACE_ID
    assert set(sent(kept)) == {"entry"}


def test_a_store_has_nothing_below_it(kept: Kept) -> None:
    with entry():
        before = context.traceparent.get()
        with tracing.leaf_span("postgres.read", {"db.system.name": "postgresql"}) as transaction:
            transaction.event("published_snapshots")
            assert context.traceparent.get() == before
            with tracing.span("search.words"):
                pass
    spans = sent(kept)
    assert spans["search.words"].parent.span_id == spans["entry"].context.span_id
    assert [event.name for event in spans["postgres.read"].events] == ["published_snapshots"]


def test_a_request_that_is_not_sampled_sends_nothing_and_tells_others(kept: Kept) -> None:
    with entry(parent=TRACE.removesuffix("01") + "00"), tracing.span("search.rank"):
        assert context.traceparent.get().endswith("-00")
        assert context.trace_id() == TRACE_ID
    assert sent(kept) == {}


@pytest.mark.parametrize(
    ("error", "reason", "failed"),
    [
        (NotFound("no zanzibar", reason="FILE_NOT_FOUND"), "FILE_NOT_FOUND", False),
        (Unavailable("zanzibar is away"), "UNAVAILABLE", True),
        (ValueError("zanzibar"), "ValueError", True),
        (asyncio.CancelledError(), "CANCELLED", False),
    ],
)
def test_what_is_raised_is_told_by_its_reason_alone(
    kept: Kept, error: BaseException, reason: str, failed: bool
) -> None:
    with pytest.raises(type(error)), entry():
        raise error
    span = sent(kept)["entry"]
    assert span.attributes["error.type"] == reason
    assert (span.status.status_code is StatusCode.ERROR) == failed
    assert "zanzibar" not in span.to_json()


def test_a_reason_that_was_told_is_not_told_over(kept: Kept) -> None:
    def fail() -> None:
        with entry() as span:
            span.fail("WHY", ours=False)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert sent(kept)["entry"].attributes["error.type"] == "WHY"


def test_own_attributes_are_under_our_name_and_a_name_may_come_late(kept: Kept) -> None:
    with entry("GET") as request:
        request.rename("GET /v1/repositories/{name}")
        request.describe({"http.route": "/v1/repositories/{name}"})
        with tracing.span("search.rank", candidates=3) as rank:
            rank.set(results=2)
    spans = sent(kept)
    assert dict(spans["search.rank"].attributes) == {"pampax.candidates": 3, "pampax.results": 2}
    assert dict(spans["GET /v1/repositories/{name}"].attributes) == {"http.route": "/v1/repositories/{name}"}


def test_a_span_may_end_in_another_context_than_it_began_in(kept: Kept) -> None:
    span = entry()
    Context().run(span.__enter__)
    span.__exit__(None, None, None)
    assert "entry" in sent(kept)


def test_a_collector_that_is_away_is_told_once_and_once_when_it_is_back(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("test")
    kept.takes = False
    for _ in range(3):
        with entry():
            pass
        sent(kept)
    kept.takes = True
    with entry():
        pass
    sent(kept)
    lines = [line for line in capsys.readouterr().err.splitlines() if "collector" in line]
    assert len(lines) == 2
    assert '"lost": 3' in lines[1]


def test_at_the_end_what_is_left_is_sent_and_a_collector_that_is_away_not_asked_again(kept: Kept) -> None:
    kept.takes = False
    with entry():
        pass
    sent(kept)
    batches = kept.batches
    with entry():
        pass
    tracing._tracing.shutdown()
    assert kept.batches == batches


def test_tracing_ends_with_what_configuring_it_returned() -> None:
    threads = threading.active_count()
    stop = tracing.configure_tracing("test", TelemetrySettings(otlp_endpoint="http://127.0.0.1:1", trace_ratio=0.5))
    assert entry().recording
    stop()
    assert not entry().recording
    assert threading.active_count() <= threads + 1  # grpc keeps one of its own
