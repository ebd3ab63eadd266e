"""Spans: nothing while tracing is off; parents, names, failures and losses while it is on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextvars import Context, copy_context

import pytest

from pampax.core.errors import NotFound, Unavailable
from pampax.runtime import context
from pampax.runtime.logging import configure_logging
from pampax.runtime.settings import TelemetrySettings
from pampax.runtime.telemetry import otlp, tracing
from pampax.runtime.telemetry.tracing import MOST_EVENTS, RecordedSpan

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Kept:
    """An exporter that takes spans, or not."""

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []
        self.takes = True
        self.batches = 0

    def send(self, spans: Sequence[RecordedSpan]) -> bool:
        self.batches += 1
        if self.takes:
            self.spans.extend(spans)
        return self.takes

    def shutdown(self) -> None:
        pass


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Tracing is on, and its spans are kept here instead of sent."""
    exporter = Kept()
    monkeypatch.setattr(otlp, "Exporter", lambda *_arguments: exporter)
    monkeypatch.setattr(otlp, "PERIOD_S", 60.0)  # the tests send
    sender = otlp.Sender("test", "http://127.0.0.1:1", 1.0)
    monkeypatch.setattr(tracing, "_sink", sender)
    yield exporter
    sender.close()


def sent(kept: Kept) -> dict[str, RecordedSpan]:
    """What was traced so far, by name."""
    sender().flush()
    return {span.name: span for span in kept.spans}


def sender() -> otlp.Sender:
    assert isinstance(tracing._sink, otlp.Sender)
    return tracing._sink


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
    ids = {name: span.span_id for name, span in spans.items()}
    assert {name: span.parent_id for name, span in spans.items()} == {
        "entry": "b7ad6b7169203331", "search.rank": ids["entry"], "asked": ids["search.rank"],
    }  # fmt: skip
    assert {span.trace_id for span in spans.values()} == {TRACE_ID}
    assert outgoing == f"00-{TRACE_ID}-{ids['asked']}-01"


def test_a_trace_begins_where_none_came_along(kept: Kept) -> None:
    context.enter_request({})
    begun = context.trace_id()
    with entry(parent=""):
        assert context.trace_id() == begun
    span = sent(kept)["entry"]
    assert (span.trace_id, span.parent_id) == (begun, "")


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
    assert spans["search.words"].parent_id == spans["entry"].span_id
    assert [name for _, name in spans["postgres.read"].events] == ["published_snapshots"]


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
    assert span.failed == failed
    assert "zanzibar" not in str(span.attributes)


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
    assert spans["search.rank"].attributes == {"pampax.candidates": 3, "pampax.results": 2}
    assert spans["GET /v1/repositories/{name}"].attributes == {"http.route": "/v1/repositories/{name}"}


def test_a_span_may_end_in_another_context_than_it_began_in(kept: Kept) -> None:
    span = entry()
    Context().run(span.__enter__)
    span.__exit__(None, None, None)
    assert "entry" in sent(kept)


def test_a_span_keeps_the_first_of_very_many_events(kept: Kept) -> None:
    with entry() as many:
        for number in range(2 * MOST_EVENTS):
            many.event(str(number))
    assert [name for _, name in sent(kept)["entry"].events] == [str(number) for number in range(MOST_EVENTS)]


def test_a_full_queue_takes_no_more_and_holds_nobody_up(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "QUEUE_SPANS", 2)
    monkeypatch.setattr(otlp, "BATCH_SPANS", 1)
    for number in range(3):
        with entry(str(number)):
            pass
    assert set(sent(kept)) == {"0", "1"}


@pytest.mark.parametrize(("ratio", "recorded"), [(0.0, []), (0.5, ["low"]), (1.0, ["low", "high"])])
def test_the_ratio_chooses_by_the_id_of_the_trace(ratio: float, recorded: list[str]) -> None:
    chooser = otlp.Sender("test", "http://127.0.0.1:1", ratio)
    ids = {"low": "f" * 16 + "0" * 15 + "1", "high": "0" * 16 + "f" * 16}
    assert [name for name, trace_id in ids.items() if chooser.samples(trace_id)] == recorded
    chooser.close()


def test_a_message_says_all_that_the_span_knows(kept: Kept) -> None:
    with entry() as request:
        request.set(text="t", number=-7, share=0.5, flag=True)
        request.event("moment")
        request.fail("WHY")
    message = otlp._message(sent(kept)["entry"])
    assert (message.trace_id.hex(), message.parent_span_id.hex()) == (TRACE_ID, "b7ad6b7169203331")
    values = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in message.attributes}
    assert values == {
        "pampax.text": "t", "pampax.number": -7, "pampax.share": 0.5, "pampax.flag": True, "error.type": "WHY",
    }  # fmt: skip
    assert isinstance(values["pampax.flag"], bool)
    assert message.status.code == message.status.STATUS_CODE_ERROR
    assert message.start_time_unix_nano <= message.events[0].time_unix_nano <= message.end_time_unix_nano


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


@pytest.mark.parametrize("value", ["\udcff", 1 << 64])
def test_a_value_that_the_format_cannot_hold_is_lost_and_told_once_and_the_thread_goes_on(
    kept: Kept, value: str | int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("test", "info", "json")
    take = kept.send
    monkeypatch.setattr(kept, "send", lambda spans: bool([otlp._message(each) for each in spans]) and take(spans))
    for _ in range(2):
        with entry("bad") as span:
            span.describe({"a": value})
        sent(kept)
    with entry("good"):
        pass

    assert set(sent(kept)) == {"good"}
    assert capsys.readouterr().err.count("spans cannot be sent") == 1


def test_at_the_end_what_is_left_is_sent_and_a_collector_that_is_away_not_asked_again(kept: Kept) -> None:
    kept.takes = False
    with entry():
        pass
    sent(kept)
    batches = kept.batches
    with entry():
        pass
    sender().close()
    assert kept.batches == batches


def test_tracing_ends_with_what_configuring_it_returned() -> None:
    threads = threading.active_count()
    stop = tracing.configure_tracing("test", TelemetrySettings(otlp_endpoint="http://127.0.0.1:1", trace_ratio=0.5))
    assert entry().recording
    stop()
    assert not entry().recording
    assert threading.active_count() <= threads + 1  # grpc keeps one of its own
