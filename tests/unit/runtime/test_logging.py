"""What a log line looks like and what it never holds."""

from __future__ import annotations

import contextvars
import json
import logging
import sys
import threading
import warnings

import pytest

from pampax.runtime.context import corr_id, enter_request, tenant
from pampax.runtime.logging import MASK, configure_logging, get_logger, take_stray_output

FIRST = ["time", "level", "component", "op", "corr_id", "trace_id", "tenant", "msg"]

early = get_logger()


@pytest.fixture(autouse=True)
def root_logger():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def lines(capsys):
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_starts_with_what_every_line_has(lines):
    configure_logging("search")
    get_logger().info("searched", op="search", hits=3)
    (line,) = lines()
    assert list(line) == [*FIRST, "hits"]
    assert (line["level"], line["component"], line["op"], line["msg"], line["hits"]) == (
        "info",
        "search",
        "search",
        "searched",
        3,
    )


def test_library_lines_have_the_same_form(lines):
    configure_logging("search")
    logging.getLogger("kombu.connection").warning("lost %s", "it", extra={"secret": "s"})
    (line,) = lines()
    assert list(line) == FIRST
    assert (line["op"], line["msg"], line["level"]) == ("kombu.connection", "lost it", "warning")


def test_the_request_id_is_on_every_line_of_the_request(lines):
    configure_logging("search")

    def request():
        corr_id.set("req-1")
        get_logger().info("ours")
        logging.getLogger("theirs").warning("theirs")

    def outside():
        contextvars.copy_context().run(request)
        get_logger().info("outside")

    contextvars.Context().run(outside)  # not what another test left in the context of all
    assert [line["corr_id"] for line in lines()] == ["req-1", "req-1", ""]


def test_a_logger_from_before_the_configuration_follows_it(lines):
    configure_logging("first")
    early.info("a")
    configure_logging("second", "warning")
    early.info("b")
    early.warning("c")
    assert [(line["component"], line["msg"]) for line in lines()] == [("first", "a"), ("second", "c")]


@pytest.mark.parametrize("name", ["token", "password", "authorization", "query", "content", "api_key"])
def test_secrets_and_source_text_are_masked_by_name(lines, name):
    configure_logging("search")
    get_logger().info("oops", **{name: "hunter2"})
    (line,) = lines()
    assert line[name] == MASK


def test_the_password_of_an_address_is_masked_anywhere(lines):
    configure_logging("search")
    get_logger().info("cloning https://me:hunter2@git.example/r", url="postgresql://u:hunter2@h/d")
    logging.getLogger("lib").warning("at redis://:hunter2@h:1")
    text = json.dumps(lines())
    assert "hunter2" not in text
    assert text.count(MASK) == 3


def test_an_exception_is_part_of_the_line(lines):
    configure_logging("search")
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger().error("failed", exc_info=True)
        logging.getLogger("lib").exception("failed")
    ours, theirs = lines()
    assert "ValueError: broken" in ours["exception"]
    assert "ValueError: broken" in theirs["exception"]


@pytest.fixture
def stray_output():
    hook = threading.excepthook
    yield take_stray_output
    threading.excepthook = hook
    logging.captureWarnings(False)


@pytest.mark.filterwarnings("default::UserWarning")
def test_a_warning_is_a_line_of_the_same_form(lines, stray_output, recwarn):
    configure_logging("search")
    stray_output()
    warnings.showwarning("old ways", UserWarning, "x.py", 1)
    (line,) = lines()
    assert (line["op"], line["level"]) == ("py.warnings", "warning")
    assert "old ways" in line["msg"]


def test_a_thread_that_fails_is_a_line_and_one_that_ends_is_none(lines, stray_output):
    configure_logging("search")
    stray_output()

    def fail():
        raise ValueError("broken")

    for work in (fail, sys.exit):
        thread = threading.Thread(target=work, name="worker-1")
        thread.start()
        thread.join()
    (line,) = lines()
    assert (line["msg"], line["thread"], line["level"]) == ("a thread failed", "worker-1", "error")
    assert "ValueError: broken" in line["exception"]


def test_trace_and_tenant_are_on_every_line_of_the_request(lines):
    configure_logging("search")

    def request():
        enter_request({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"})
        tenant.set("t-1")
        get_logger().info("ours")
        logging.getLogger("theirs").warning("theirs")

    contextvars.copy_context().run(request)
    assert [(line["trace_id"], line["tenant"]) for line in lines()] == [("ab" * 16, "t-1")] * 2


def test_console_lines_are_for_people(capsys):
    configure_logging("search", "debug", "console")
    get_logger().debug("hello", hits=3)
    logging.getLogger("lib").warning("theirs")
    text = capsys.readouterr().err
    assert "hello" in text
    assert "theirs" in text
    assert not text.startswith("{")


def test_values_that_json_does_not_know_are_written_as_text(lines):
    configure_logging("search")
    get_logger().info("x", path={1, 2}.__class__)
    assert lines()[0]["path"] == "<class 'set'>"
