"""Tokens and keys on the command line: read from variables and files, sent once, shown never."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pampax.cli.git_credential import Given, known_hosts_of

from ..client.conftest import Gateway, Told  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run
from .test_commands import OPERATION, REPOSITORY, SUCCEEDED, URL

SECRET = "ghp_hunter2"
ABSENT = Told({"status": 404, "title": "Not Found", "reason": "REPOSITORY_NOT_FOUND", "detail": "no"}, 404)
STORED = {"kind": "token", "set_at": "2026-11-21T10:00:00Z", "fingerprint": ""}
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n"
WITH_KEY = {"kind": "ssh_key", "set_at": "2026-11-21T10:00:00Z", "fingerprint": "SHA256:abc"}


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")
    monkeypatch.setenv("GIT_TOKEN", SECRET)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text(KEY)


def test_a_new_repository_is_created_with_the_token_of_the_variable(gateway: Gateway, run: Run) -> None:
    unfiltered = {**REPOSITORY, "include": []}
    gateway.will(ABSENT, Told(unfiltered, 201), Told(OPERATION, 202), Told(SUCCEEDED))
    code, out, err = run("index", URL, "--token-env", "GIT_TOKEN", "--token-user", "deploy", "-v")
    assert code == 0
    assert gateway.asked[1].body["credential"] == {"token": SECRET, "username": "deploy"}
    assert SECRET not in out + err


def test_a_repository_that_is_there_gets_the_new_credential_before_it_is_indexed(gateway: Gateway, run: Run) -> None:
    found = Told({**REPOSITORY, "include": []})
    gateway.will(found, found, Told(OPERATION, 202), Told(SUCCEEDED))
    assert run("index", URL, "--token-env", "GIT_TOKEN")[0] == 0
    calls = [(asked.method, asked.path) for asked in gateway.asked[:3]]
    assert calls == [
        ("GET", "/v1/repositories/shop"),
        ("PUT", "/v1/repositories/shop/credential"),
        ("POST", "/v1/repositories/shop:index"),
    ]
    assert gateway.asked[1].body == {"token": SECRET}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["index", URL, "--token-env", "NOT_THERE"], "'NOT_THERE' is empty or not set"),
        (["index", URL, "--token-user", "x"], "goes with --token-env"),
        (["index", URL, "--known-hosts", "x"], "goes with --ssh-key"),
        (["index", URL, "--token-env", "GIT_TOKEN", "--ssh-key", "key"], "give one of them"),
        (["index", ".", "--token-env", "GIT_TOKEN"], "not for folders"),
        (["index", "git@h.example:x.git", "--ssh-key", "empty"], "no key"),
        (["repos", "credential", "shop", "--remove", "--token-env", "GIT_TOKEN"], "without a token or key"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    gateway: Gateway, run: Run, tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "a.py").write_text("x = 1\n")
    gateway.will(Told(REPOSITORY))
    code, _, err = run(*arguments)
    assert code == 2
    assert words in err
    assert SECRET not in err


def test_a_key_file_that_cannot_be_read_is_named(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(REPOSITORY))
    code, _, err = run("index", "git@h.example:x.git", "--ssh-key", "missing")
    assert code == 3
    assert "missing" in err


def test_what_is_stored_is_told_changed_and_removed(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**REPOSITORY, "credential": STORED}))
    assert run("repos", "credential", "shop") == (0, "shop: a token, stored 2026-11-21T10:00:00Z\n", "")
    gateway.will(Told(REPOSITORY), Told({**REPOSITORY, "credential": WITH_KEY}))
    code, out, _ = run("repos", "credential", "shop", "--token-env", "GIT_TOKEN", "--json")
    assert code == 0
    assert "SHA256:abc" in out
    assert gateway.asked[-1].body == {"token": SECRET}
    gateway.will(Told(REPOSITORY), Told(status=204))
    assert run("repos", "credential", "shop", "--remove") == (0, "shop: no credential is stored\n", "")
    assert (gateway.asked[-1].method, gateway.asked[-1].path) == ("DELETE", "/v1/repositories/shop/credential")


def test_a_repository_shows_that_it_has_a_credential(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**REPOSITORY, "credential": WITH_KEY}))
    _, out, _ = run("repos", "show", "shop")
    assert "an ssh key, SHA256:abc, stored 2026-11-21T10:00:00Z" in out


def known_hosts(home: Path) -> str:
    """A file that knows two hosts, one of them at another port and hashed; the line of the first."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / "host"], check=True, timeout=30)
    key = " ".join((home / "host.pub").read_text().split()[:2])
    (home / ".ssh").mkdir()
    (home / ".ssh" / "known_hosts").write_text(f"h.example {key}\n[h.example]:2222 {key}\n")
    return f"h.example {key}\n"


def test_a_key_comes_with_what_the_user_knows_of_the_host(tmp_path: Path) -> None:
    line = known_hosts(tmp_path)
    given = Given(None, None, str(tmp_path / "key"), None).read("git@h.example:team/x.git")
    assert given is not None
    assert (given.ssh_key, given.known_hosts) == (KEY, line)
    assert known_hosts_of("ssh://git@h.example:2222/x").startswith("[h.example]:2222 ")
    assert known_hosts_of("ssh://git@other.example/x") == ""


def test_given_host_keys_are_the_only_ones(tmp_path: Path) -> None:
    known_hosts(tmp_path)
    (tmp_path / "hosts").write_text("h.example ssh-ed25519 AAAA\n")
    given = Given(None, None, str(tmp_path / "key"), str(tmp_path / "hosts")).read("git@h.example:x")
    assert given is not None
    assert given.known_hosts == "h.example ssh-ed25519 AAAA\n"


def test_nothing_is_known_without_the_tools_of_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert known_hosts_of("git@h.example:x") == ""
