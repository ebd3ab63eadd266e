"""What git gets of a stored credential: by memory and environment, for one server, and nothing of it in a message."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.core.errors import InvalidRequest, NotFound
from pampax.sources import objects
from pampax.sources.address import parse_git_url
from pampax.sources.credentials import HIDDEN, fetch_environment, fits
from pampax.sources.damage import is_damaged
from pampax.sources.failure import git_failure
from pampax.sources.git import SshKey, Token, list_commit, resolve_ref, sizes_of, sync_mirror

Git = Callable[..., str]
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nb3BlbnNzaC1rZXkK\r\n-----END OPENSSH PRIVATE KEY-----"
URL = "https://git.example.org/team/x.git"
# Lets in who shows the key, when the host is known, and tells what it was given.
STAND_IN = """#!/bin/sh
for each in "$@"; do
    case "$each" in
        -oIdentityFile=*) key=${each#*=} ;;
        -oUserKnownHostsFile=*) hosts=${each#*=} ;;
    esac
    last=$each
done
echo "$key" >>FOLDER/paths
echo "$*" >>FOLDER/said
ls -lnL "$key" | cut -c1-10 >>FOLDER/modes
[ -z "$hosts" ] || cat "$hosts" >>FOLDER/hosts
[ "$(tail -c 1 "$key" | od -An -c | tr -d ' ')" = '\\n' ] || exit 255
grep -q b3BlbnNzaC1rZXkK "$key" && exec sh -c "$last"
echo "git@127.0.0.1: Permission denied (publickey)." >&2
exit 255
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ssh"
    folder.mkdir()
    (folder / "ssh").write_text(STAND_IN.replace("FOLDER", str(folder)))
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize("memory", [True, False])
def test_ssh_reads_the_key_where_only_we_and_our_children_can_and_for_this_call_alone(
    ssh: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    if not memory:
        monkeypatch.delattr(os, "memfd_create")
    url = f"ssh://git@127.0.0.1{repository}/.git"
    sync_mirror(url, tmp_path / "mirror", credential=SshKey(KEY, "127.0.0.1 ssh-ed25519 AAAA"), own_credentials=True)
    assert resolve_ref(tmp_path / "mirror", None)[0] == "main"
    assert (ssh / "hosts").read_text().splitlines()[0] == "127.0.0.1 ssh-ed25519 AAAA"
    assert set((ssh / "modes").read_text().split()) == {"-rw-------"}
    paths = set((ssh / "paths").read_text().split())
    assert all(path.startswith("/proc/") for path in paths) is memory
    assert not any(Path(path).exists() for path in paths)
    said = (ssh / "said").read_text()
    assert "-oStrictHostKeyChecking=yes" in said
    assert "-oGlobalKnownHostsFile=/dev/null" in said


def test_without_host_keys_the_files_of_the_machine_count(ssh: Path, repository: Path, tmp_path: Path) -> None:
    sync_mirror(f"ssh://git@127.0.0.1{repository}/.git", tmp_path / "mirror", credential=SshKey(KEY))
    said = (ssh / "said").read_text()
    assert "-oStrictHostKeyChecking=yes" in said
    assert "KnownHostsFile" not in said


def test_a_refused_key_is_named_with_the_whole_address(ssh: Path, repository: Path, tmp_path: Path) -> None:
    url = f"ssh://git@127.0.0.1{repository}/.git"
    assert ssh.is_dir()
    with pytest.raises(InvalidRequest) as refused:
        sync_mirror(url, tmp_path / "mirror", credential=SshKey(KEY.replace("b3B", "xxx"), "", "the old key", "shop"))
    assert refused.value.reason == "GIT_CREDENTIAL_REFUSED"
    assert "the old key" in refused.value.message
    assert f"`pampax index {url} --name shop --ssh-key FILE`" in refused.value.message


@pytest.mark.parametrize("form", [str, lambda secret: base64.b64encode(f"x-access-token:{secret}".encode()).decode()])
def test_what_a_server_repeats_of_a_token_is_hidden(form: Callable[[str], str]) -> None:
    said = f"remote: who is {form('se/cret')}?\nfatal: Authentication failed for '{URL}/'\nremote: se%2Fcret\n"
    assert HIDDEN in git_failure(URL, f"fatal: {form('se/cret')} is nobody", Token("se/cret")).message
    for line in (said, said.splitlines()[0], said.splitlines()[2]):
        message = git_failure(URL, line, Token("se/cret")).message
        assert "cret" not in message.replace("credential", "")


def test_a_credential_does_not_show_when_it_is_printed() -> None:
    assert "secret" not in repr([Token("secret"), SshKey("secret")])


@pytest.mark.parametrize(
    ("url", "credential", "fitting"),
    [
        (URL, Token("x"), True),
        (URL, SshKey("x"), False),
        ("git@h.example:x", SshKey("x"), True),
        ("git@h.example:x", Token("x"), False),
        ("file:///x", Token("x"), False),
    ],
)
def test_a_credential_is_shown_to_servers_of_its_kind_alone(
    url: str, credential: Token | SshKey, fitting: bool
) -> None:
    address = parse_git_url(url)
    assert fits(address, credential) is fitting
    with fetch_environment(address, credential, own=True) as environment:
        shown = {"GIT_ASKED_SECRET"} & environment.keys() or "IdentityFile=/" in environment["GIT_SSH_COMMAND"]
        assert bool(shown) is fitting
        assert environment["HOME"] != os.environ.get("HOME")


def test_a_token_is_asked_for_by_its_own_server_alone() -> None:
    with fetch_environment(parse_git_url("https://Git.Example.org:8443/x"), Token("t"), own=False) as environment:
        assert environment["GIT_CONFIG_KEY_1"] == "credential.https://git.example.org:8443.helper"
        assert "t\n" not in environment["GIT_CONFIG_VALUE_1"]


def broken(git: Git, repository: Path, name: str) -> str:
    """An object with nonsense in its file."""
    object_id = git(repository, "rev-parse", f"HEAD:{name}")
    path = repository / ".git" / "objects" / object_id[:2] / object_id[2:]
    path.chmod(0o644)
    path.write_bytes(b"nonsense")
    return object_id


def test_the_sizes_of_the_others_are_told_when_some_objects_are_broken(repository: Path, git: Git) -> None:
    sound = git(repository, "rev-parse", "HEAD:src/app.py")
    bad = broken(git, repository, "README.md")
    found = sizes_of(repository / ".git", [bad, sound, "0" * 40, sound])
    assert found == {sound: len("print('hello')\n")}


def test_a_mirror_of_which_git_says_nothing_is_told_as_damaged(
    repository: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "bin" / "git"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\nexit 128\n")
    stand_in.chmod(0o755)
    blobs = [git(repository, "rev-parse", "HEAD:README.md"), *(f"{number:040x}" for number in range(150))]
    monkeypatch.setenv("PATH", f"{stand_in.parent}:/usr/bin:/bin")
    with pytest.raises(NotFound) as told:
        objects.sizes_of(repository / ".git", blobs)
    assert told.value.reason == "MIRROR_DAMAGED"
    assert is_damaged(repository / ".git")


def test_a_commit_with_a_broken_folder_marks_its_mirror(repository: Path, git: Git) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    broken(git, repository, "src")
    with pytest.raises(NotFound):
        list_commit(repository / ".git", commit)
    assert is_damaged(repository / ".git")
    with pytest.raises(NotFound):
        list_commit(repository / ".git", "0" * 40)
