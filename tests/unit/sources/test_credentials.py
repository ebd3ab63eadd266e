"""Whose keys a fetch may use: those of the machine's user only when the caller says that they are meant."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pampax.core.errors import PampaxError
from pampax.sources.git import Token, sync_mirror

SECRET = "Basic " + base64.b64encode(b"user:word").decode()


class _AsksForAPassword(BaseHTTPRequestHandler):
    seen: list[str | None]

    def do_GET(self) -> None:
        self.seen.append(self.headers["Authorization"])
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    _AsksForAPassword.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _AsksForAPassword) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/repository"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the user that runs the tests, with nothing in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_SSH_COMMAND", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def config(home: Path) -> str:
    (home / ".gitconfig").write_text('[credential]\n\thelper = "!echo username=user; echo password=word;:"\n')
    return "helper"


def netrc(home: Path) -> str:
    (home / ".netrc").write_text("machine 127.0.0.1 login user password word\n")
    return "netrc"


def sync(url: str, mirror: Path, *, own_credentials: bool) -> None:
    with pytest.raises(PampaxError):
        sync_mirror(url, mirror, own_credentials=own_credentials)


@pytest.mark.parametrize("keep", [config, netrc])
@pytest.mark.parametrize("own", [False, True])
def test_a_stored_password_is_sent_only_when_it_is_meant(
    server: str, home: Path, tmp_path: Path, keep: object, own: bool
) -> None:
    assert callable(keep)
    keep(home)
    sync(server, tmp_path / "mirror", own_credentials=own)
    assert (SECRET in _AsksForAPassword.seen) is own


def test_a_helper_that_the_operator_s_configuration_names_is_not_asked(
    server: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(home)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("HOME", str(tmp_path))
    sync(server, tmp_path / "mirror", own_credentials=False)
    assert SECRET not in _AsksForAPassword.seen


@pytest.mark.parametrize("own", [False, True])
def test_the_token_of_this_call_is_sent_without_any_other(server: str, home: Path, tmp_path: Path, own: bool) -> None:
    config(home)
    with pytest.raises(PampaxError):
        sync_mirror(server, tmp_path / "mirror", credential=Token("mine"), own_credentials=own)
    shown = "Basic " + base64.b64encode(b"x-access-token:mine").decode()
    assert set(_AsksForAPassword.seen) == {None, shown}


@pytest.fixture
def ssh_said(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an `ssh` first on the path writes its arguments, its agent and its home, before it fails."""
    said, script = tmp_path / "said", tmp_path / "bin" / "ssh"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "agent=$SSH_AUTH_SOCK" "home=$HOME" >> {said}\nexit 255\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    return said


def test_ssh_of_the_user_is_left_as_it_is_when_it_is_meant(ssh_said: Path, home: Path, tmp_path: Path) -> None:
    sync("ssh://git@example.org/x", tmp_path / "mirror", own_credentials=True)
    lines = ssh_said.read_text().splitlines()
    assert "/dev/null" not in lines
    assert {"agent=/run/agent", f"home={home}"} <= set(lines)


def test_ssh_gets_no_key_agent_or_configuration_otherwise(
    ssh_said: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i /secret/key")
    sync("ssh://git@example.org/x", tmp_path / "mirror", own_credentials=False)
    lines = ssh_said.read_text().splitlines()
    assert lines[:2] == ["-F", "/dev/null"]
    assert {"-oIdentitiesOnly=yes", "-oIdentityFile=none", "-oIdentityAgent=none", "agent="} <= set(lines)
    assert "/secret/key" not in lines
    assert f"home={home}" not in lines
