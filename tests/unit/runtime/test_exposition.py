"""Metrics as a reader gets them: the formats, the address, and what happens when something is wrong."""

import asyncio
import json
import socket
import time

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from pampax.core.errors import ConfigError
from pampax.embedded.ports import free_port
from pampax.runtime.logging import configure_logging
from pampax.runtime.settings import Settings, TelemetrySettings
from pampax.runtime.telemetry import metrics
from pampax.runtime.telemetry.exposition import Exposition, own_metrics, render, show_metrics
from pampax.runtime.telemetry.loop_lag import watch_loop_lag

ANY = "127.0.0.1:0"


@pytest.fixture
def shown():
    """Shows a source until the test is over."""
    running = []

    def show(source=own_metrics, **options) -> str:
        running.append(Exposition(ANY, source, **options))
        return f"http://127.0.0.1:{running[-1].port}"

    yield show
    for each in running:
        each.close()


def test_a_reader_gets_the_format_that_it_accepts(shown):
    metrics.counter("errors_total").labels("Unavailable").inc()
    url = f"{shown()}/metrics"
    plain = httpx.get(url)
    open_metrics = httpx.get(url, headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert plain.headers["content-type"].startswith("text/plain")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    for families in (parse(plain.text), parse_openmetrics(open_metrics.text)):
        samples = [sample for family in families for sample in family.samples]
        assert any(s.name == "errors_total" and s.labels == {"kind": "Unavailable"} and s.value >= 1 for s in samples)


def test_what_the_process_itself_uses_is_shown_and_when_a_series_began_is_not(shown):
    text = httpx.get(f"{shown()}/metrics").text
    assert "process_cpu_seconds_total" in text
    assert "_created" not in text


def test_the_text_for_the_public_route_is_the_same_as_the_private_one():
    text, content_type = render("application/openmetrics-text")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_only_one_path_is_served_and_nothing_can_be_written(shown):
    base = shown()
    assert httpx.get(f"{base}/").status_code == 404
    assert httpx.get(f"{base}/metrics?x=1").status_code == 200
    assert httpx.post(f"{base}/metrics").status_code == 405


def test_gauges_are_brought_up_to_date_before_they_are_shown(shown):
    owner, asked = object(), []
    metrics.before_scrape(owner, lambda: asked.append(1))
    base = shown()
    httpx.get(f"{base}/metrics")
    httpx.get(f"{base}/metrics")
    metrics.forget(owner)
    metrics.forget(owner)
    httpx.get(f"{base}/metrics")
    assert len(asked) == 2


def test_a_scrape_that_fails_is_an_answer_and_a_line(shown, capsys):
    configure_logging("search")

    def broken() -> CollectorRegistry:
        raise ValueError("no")

    base = shown(broken)
    assert httpx.get(f"{base}/metrics").status_code == 500
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["msg"], line["component"]) for line in lines] == [("metrics not shown", "search")]


def test_a_reader_that_says_nothing_holds_up_nobody(shown):
    base = shown()
    with socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2]))):
        assert httpx.get(f"{base}/metrics", timeout=3).status_code == 200


def test_housekeeping_goes_on_without_readers(shown):
    done = []
    shown(housekeeping=lambda: done.append(1))
    give_up = time.monotonic() + 10
    while not done and time.monotonic() < give_up:
        time.sleep(0.02)
    assert done


def test_an_address_that_is_taken_is_a_mistake_of_the_configuration():
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match="another process has this port"):
            show_metrics(Settings(), taken)
        with pytest.raises(ConfigError, match="cannot listen"):
            Exposition(taken, own_metrics)


def test_after_the_end_the_address_is_free_again():
    address = f"127.0.0.1:{free_port()}"
    for _ in range(2):
        running = show_metrics(Settings(), address)
        assert running is not None
        running.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{address}/metrics")


@pytest.mark.parametrize(("on", "address"), [(False, ANY), (True, "")])
def test_nothing_listens_where_metrics_are_off_or_no_address_is_given(on, address):
    assert show_metrics(Settings(telemetry=TelemetrySettings(metrics=on)), address) is None


async def test_a_loop_that_is_held_up_is_seen():
    watching = asyncio.create_task(watch_loop_lag())
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251 - what the watch is there to see
    await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.wait({watching})
    assert metrics.REGISTRY.get_sample_value("pampax_event_loop_lag_seconds") > 0
