"""Fetching from a git server that fails now and then: over HTTP on loopback, from a repository served as files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pampax.core.errors import Aborted, Cancelled, InvalidRequest, Unavailable
from pampax.indexing.run import fetching
from pampax.indexing.run.fetching import fetch, guard_of
from pampax.runtime.policy import BREAKER_OPEN, Backoff
from pampax.sources.git import resolve_ref

from .trees import git, modules, write

NOT_NOW = 503


@dataclass
class GitServer:
    """Answers the next `failures` fetches with `status`, and counts all of them; none while it `hangs`."""

    url: str = ""
    failures: int = 0
    status: int = NOT_NOW
    hangs: bool = False
    goes_on: threading.Event = field(default_factory=threading.Event)
    fetches: list[str] = field(default_factory=list)


class _Files(SimpleHTTPRequestHandler):
    def __init__(self, server: GitServer, *arguments: object, **options: object) -> None:
        self.git_server = server
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # what the HTTP server hands on

    def do_GET(self) -> None:
        ours = self.git_server
        if "info/refs" in self.path:
            ours.fetches.append(self.path)
            if ours.hangs:
                ours.goes_on.wait(30)
            if ours.failures:
                ours.failures -= 1
                self.send_error(ours.status)
                return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    work = write(tmp_path / "work", modules(2))
    git(work, "init", "-q", "-b", "main")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", "--bare", str(work), "origin.git")
    git(tmp_path / "origin.git", "update-server-info")
    ours = GitServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, ours, directory=str(tmp_path))) as http:  # type: ignore[arg-type]
        ours.url = f"http://127.0.0.1:{http.server_port}/origin.git"
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield ours
        http.shutdown()
        thread.join(10)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = fetching.POLICY
    quick = type(policy)(policy.target, policy.timeout_s, policy.retries, Backoff(0.01, 0.01), policy.breaker)
    monkeypatch.setattr(fetching, "POLICY", quick)


def fetched(server: GitServer, mirror: Path) -> None:
    fetch(server.url, mirror, lambda: None, own_credentials=False)


def test_a_server_that_fails_for_a_moment_is_asked_again(server: GitServer, tmp_path: Path) -> None:
    server.failures = 1
    fetched(server, tmp_path / "mirror")

    assert resolve_ref(tmp_path / "mirror", None)[0] == "main"


def test_tries_are_bounded_and_the_servers_word_is_told(server: GitServer, tmp_path: Path) -> None:
    server.failures = 1_000
    with pytest.raises(Unavailable, match="503") as caught:
        fetched(server, tmp_path / "mirror")

    assert caught.value.reason == "GIT_UNREACHABLE"
    assert len(server.fetches) == 3


def test_what_somebody_has_to_change_is_not_asked_again(server: GitServer, tmp_path: Path) -> None:
    server.failures, server.status = 1_000, 404
    for _ in range(6):
        with pytest.raises(InvalidRequest):
            fetched(server, tmp_path / "mirror")

    assert len(server.fetches) == 6  # and nobody else is kept from asking


def test_a_server_that_is_away_is_left_alone_and_others_are_not(server: GitServer, tmp_path: Path) -> None:
    server.failures = 1_000
    reasons = []
    for _ in range(4):
        with pytest.raises(Unavailable) as caught:
            fetched(server, tmp_path / "mirror")
        reasons.append(caught.value.reason)

    assert reasons == ["GIT_UNREACHABLE", BREAKER_OPEN, BREAKER_OPEN, BREAKER_OPEN]
    assert len(server.fetches) == 5
    assert "http://127.0.0.1:" in caught.value.message
    assert guard_of("https://127.0.0.1/other.git").available


def test_a_cancel_ends_a_pause(server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = fetching.POLICY
    slow = type(policy)(policy.target, policy.timeout_s, policy.retries, Backoff(30.0, 30.0), policy.breaker)
    monkeypatch.setattr(fetching, "POLICY", slow)
    server.failures = 1_000
    give_up = time.monotonic() + 30

    def check() -> None:
        assert time.monotonic() < give_up
        if len(server.fetches) == 1:
            raise Cancelled("the operation was cancelled")

    with pytest.raises(Cancelled):
        fetch(server.url, tmp_path / "mirror", check, own_credentials=False)


def test_a_lost_lease_says_nothing_about_the_server(server: GitServer, tmp_path: Path) -> None:
    """What failed before it still counts: two more failures, and the server is left alone."""
    server.failures = 1_000
    with pytest.raises(Unavailable):
        fetched(server, tmp_path / "mirror")

    def check() -> None:
        if len(server.fetches) == 4:
            raise Aborted("the lease is lost")

    server.hangs = True
    with pytest.raises(Aborted, match="the lease is lost"):
        fetch(server.url, tmp_path / "mirror", check, own_credentials=False)
    server.hangs = False
    server.goes_on.set()
    with pytest.raises(Unavailable) as caught:
        fetched(server, tmp_path / "mirror")

    assert caught.value.reason == BREAKER_OPEN
    assert len(server.fetches) == 6


def test_a_server_is_known_by_its_protocol_name_and_port() -> None:
    one = guard_of("https://git.example.org/a.git")
    assert one is guard_of("https://git.example.org/b.git")
    assert one is not guard_of("https://git.example.org:8443/a.git")
    assert one is not guard_of("git@git.example.org:a.git")
    assert guard_of("git@git.example.org:a.git") is guard_of("git@git.example.org:b.git")


def test_a_certificate_that_is_not_trusted_is_told_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = tmp_path / "calls"
    stand_in = (
        write(
            tmp_path / "bin",
            {
                "git": f"""#!/bin/sh
case "$*" in *ls-remote*) echo >>{counted}; echo "fatal: SSL certificate problem: self-signed" >&2; exit 128 ;; esac
"""
            },
        )
        / "git"
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=":")
    for _ in range(6):
        with pytest.raises(Unavailable) as caught:
            fetch("https://git.example.org/a.git", tmp_path / "mirror", lambda: None, own_credentials=False)
        assert caught.value.reason == "GIT_TLS_FAILED"

    assert counted.read_text().count("\n") == 6
