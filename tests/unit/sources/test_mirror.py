"""A bare mirror follows its remote and tells plainly when it cannot."""

from __future__ import annotations

import base64
import fcntl
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from pampax.core.errors import DeadlineExceeded, InvalidRequest, LocalIOError, NotFound, Unavailable
from pampax.sources.git import Token, check_git_url, list_commit, resolve_ref, sync_mirror

Git = Callable[..., str]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mirror.git"


def url_of(repository: Path) -> str:
    url = repository.as_uri()
    check_git_url(url, allow_private=False, allow_file=True)
    return url


def commit_file(git: Git, repository: Path, name: str) -> str:
    (repository / name).write_text(name)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", name)
    return str(git(repository, "rev-parse", "HEAD"))


def test_first_sync_clones_and_the_next_brings_the_new_commit(repository: Path, mirror: Path, git: Git) -> None:
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, None) == ("main", git(repository, "rev-parse", "HEAD"))
    commit = commit_file(git, repository, "new.py")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, "main") == ("main", commit)
    assert [file.path for file in list_commit(mirror, commit).files] == ["README.md", "new.py", "src/app.py"]


def test_force_push_and_deleted_branch_are_followed(repository: Path, mirror: Path, git: Git) -> None:
    git(repository, "branch", "topic")
    commit_file(git, repository, "wrong")
    sync_mirror(url_of(repository), mirror)
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    git(repository, "branch", "-D", "topic")
    git(repository, "branch", "topic/below")
    commit = commit_file(git, repository, "right")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, None) == ("main", commit)
    with pytest.raises(NotFound):
        resolve_ref(mirror, "topic")
    assert resolve_ref(mirror, "topic/below")[0] == "topic/below"


def test_changed_default_branch_is_followed(repository: Path, mirror: Path, git: Git) -> None:
    sync_mirror(url_of(repository), mirror)
    git(repository, "checkout", "-q", "-b", "trunk")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, None)[0] == "trunk"


def test_detached_remote_is_followed_beyond_its_branches(repository: Path, mirror: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "--detach")
    commit = commit_file(git, repository, "loose")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, None) == ("HEAD", commit)
    commit = commit_file(git, repository, "looser")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, "HEAD") == ("HEAD", commit)


def test_remote_without_commits_gives_a_mirror_without_a_default(tmp_path: Path, mirror: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "empty")
    sync_mirror(url_of(tmp_path / "empty"), mirror)
    with pytest.raises(NotFound, match="first commit"):
        resolve_ref(mirror, None)


def test_branch_tag_and_commit_id_are_resolved(repository: Path, mirror: Path, git: Git) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1", "-m", "one")
    second = commit_file(git, repository, "second")
    git(repository, "tag", "main")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, "v1") == ("v1", first)
    assert resolve_ref(mirror, "refs/tags/v1") == ("v1", first)
    assert resolve_ref(mirror, "main") == ("main", second)
    assert resolve_ref(mirror, "refs/heads/main") == ("main", second)
    assert resolve_ref(mirror, first[:10]) == (first, first)


@pytest.mark.parametrize("ref", ["nowhere", "0" * 40, "main/x"])
def test_absent_ref_is_not_found(repository: Path, mirror: Path, ref: str) -> None:
    sync_mirror(url_of(repository), mirror)
    with pytest.raises(NotFound, match=ref):
        resolve_ref(mirror, ref)


@pytest.mark.parametrize(
    "ref", ["", "-x", "--all", "a..b", "a b", "a:b", "main~1", "main^", "@{-1}", "a\nb", ".x", "x.lock", "/x"]
)
def test_text_that_can_be_no_ref_is_refused(repository: Path, mirror: Path, ref: str) -> None:
    sync_mirror(url_of(repository), mirror)
    with pytest.raises(InvalidRequest, match="not a branch, tag or commit"):
        resolve_ref(mirror, ref)
    with pytest.raises(InvalidRequest, match="not a branch, tag or commit"):
        sync_mirror(url_of(repository), mirror, depth_1_ref=ref)


@pytest.mark.parametrize("ref", ["topic", "v1", "refs/heads/topic", "HEAD"])
def test_depth_1_fetches_one_ref_without_history(repository: Path, mirror: Path, git: Git, ref: str) -> None:
    commit_file(git, repository, "second")
    git(repository, "checkout", "-q", "-b", "topic")
    git(repository, "tag", "v1")
    git(repository, "branch", "other")
    sync_mirror(url_of(repository), mirror, depth_1_ref=ref)
    assert resolve_ref(mirror, ref)[1] == git(repository, "rev-parse", "HEAD")
    assert git(mirror, "rev-list", "--count", "--all") == "1"
    with pytest.raises(NotFound):
        resolve_ref(mirror, "other")
    commit = commit_file(git, repository, "third")
    git(repository, "tag", "-f", "v1")
    sync_mirror(url_of(repository), mirror, depth_1_ref=ref)
    assert resolve_ref(mirror, ref)[1] == commit


def test_depth_1_takes_a_commit_id(repository: Path, mirror: Path, git: Git) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit_file(git, repository, "second")
    git(repository, "config", "uploadpack.allowReachableSHA1InWant", "true")
    sync_mirror(url_of(repository), mirror, depth_1_ref=first)
    assert resolve_ref(mirror, first) == (first, first)


def test_depth_1_of_an_absent_ref_is_not_found_and_leaves_nothing(repository: Path, mirror: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        sync_mirror(url_of(repository), mirror, depth_1_ref="nowhere")
    assert left_in(mirror.parent) == []


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.name != ".mirror.git.lock")


def test_full_sync_after_a_shallow_one_brings_every_branch(repository: Path, mirror: Path, git: Git) -> None:
    git(repository, "branch", "other")
    sync_mirror(url_of(repository), mirror, depth_1_ref="main")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, "other")[0] == "other"


def test_mirror_holds_no_url_and_no_hooks(repository: Path, mirror: Path) -> None:
    sync_mirror(url_of(repository), mirror)
    assert str(repository) not in (mirror / "config").read_text()
    assert not (mirror / "hooks").exists()


def test_lock_files_of_a_killed_git_are_cleared_away(repository: Path, mirror: Path, git: Git) -> None:
    sync_mirror(url_of(repository), mirror)
    for name in ("HEAD.lock", "packed-refs.lock", "shallow.lock", "refs/heads/main.lock"):
        (mirror / name).touch()
    git(repository, "branch", "gone")
    sync_mirror(url_of(repository), mirror)
    git(repository, "branch", "-D", "gone")
    (mirror / "packed-refs.lock").touch()
    commit = commit_file(git, repository, "new")
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, None) == ("main", commit)


def test_folder_that_is_no_mirror_is_left_alone(repository: Path, mirror: Path) -> None:
    mirror.mkdir(parents=True)
    (mirror / "thesis.txt").touch()
    with pytest.raises(LocalIOError, match="not a mirror"):
        sync_mirror(url_of(repository), mirror)
    assert left_in(mirror) == ["thesis.txt"]


def test_second_process_waits_for_the_first_until_its_deadline(repository: Path, mirror: Path) -> None:
    mirror.parent.mkdir()
    with (mirror.parent / ".mirror.git.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DeadlineExceeded, match="another process"):
            sync_mirror(url_of(repository), mirror, timeout_s=0.2)
    sync_mirror(url_of(repository), mirror)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_local_repository_of_another_user_is_cloned(repository: Path, mirror: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 12345, 12345)
    sync_mirror(url_of(repository), mirror)
    assert resolve_ref(mirror, None)[0] == "main"


def test_missing_local_repository_is_the_callers_mistake(tmp_path: Path, mirror: Path) -> None:
    with pytest.raises(InvalidRequest, match="nowhere") as caught:
        sync_mirror((tmp_path / "nowhere").as_uri(), mirror)
    assert caught.value.reason == "GIT_REPOSITORY_NOT_FOUND"
    assert "\n" not in caught.value.message
    assert left_in(mirror.parent) == []


def test_remote_with_sha256_ids_is_refused(tmp_path: Path, mirror: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "other")
    commit_file(git, tmp_path / "other", "a")
    with pytest.raises(InvalidRequest, match="SHA-256"):
        sync_mirror(url_of(tmp_path / "other"), mirror)


def test_address_where_nobody_listens_is_unavailable(mirror: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/repository"
        check_git_url(url, allow_private=True, allow_file=False)
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as caught:
            sync_mirror(url, mirror)
    assert "\n" not in caught.value.message
    assert left_in(mirror.parent) == []


def test_server_that_never_answers_ends_at_the_deadline_with_nothing_left_running(mirror: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(DeadlineExceeded, match="did not finish"):
            sync_mirror(f"http://127.0.0.1:{port}/repository", mirror, timeout_s=1)
    assert left_in(mirror.parent) == []
    assert not running_against(port)


class Stopped(Exception):
    """What a caller raises that has had enough."""


def test_a_caller_that_has_had_enough_ends_a_fetch_from_a_silent_server(mirror: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def check() -> None:
            if running_against(port):
                raise Stopped

        with pytest.raises(Stopped):
            sync_mirror(f"http://127.0.0.1:{port}/repository", mirror, timeout_s=20, check=check)
    assert not running_against(port)
    assert left_in(mirror.parent) == []


def test_a_caller_that_has_had_enough_does_not_wait_for_another_process(repository: Path, mirror: Path) -> None:
    def check() -> None:
        raise Stopped

    mirror.parent.mkdir()
    with (mirror.parent / ".mirror.git.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Stopped):
            sync_mirror(url_of(repository), mirror, timeout_s=5, check=check)


def running_against(port: int) -> list[str]:
    """The processes that talk to the port."""
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if f"127.0.0.1:{port}/" in line]


class _Answers(BaseHTTPRequestHandler):
    """The status to give is the first part of the path."""

    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Location", "/200/elsewhere")
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def http_server() -> Iterator[str]:
    _Answers.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (401, InvalidRequest, "GIT_ACCESS_DENIED"),
        (403, InvalidRequest, "GIT_ACCESS_DENIED"),
        (404, InvalidRequest, "GIT_REPOSITORY_NOT_FOUND"),
        (302, InvalidRequest, "GIT_REDIRECTED"),
        (500, Unavailable, "GIT_UNREACHABLE"),
        (503, Unavailable, "GIT_UNREACHABLE"),
    ],
)
def test_answer_of_the_server_decides_whose_mistake_it_is(
    http_server: str, mirror: Path, status: int, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error) as caught:
        sync_mirror(f"{http_server}/{status}/repository", mirror)
    assert getattr(caught.value, "reason", "") == reason
    assert "\n" not in str(caught.value)
    assert left_in(mirror.parent) == []


def test_redirect_is_not_followed(http_server: str, mirror: Path) -> None:
    with pytest.raises(InvalidRequest):
        sync_mirror(f"{http_server}/302/repository", mirror)
    assert [path for path, _ in _Answers.seen if "elsewhere" in path] == []


def test_a_token_reaches_the_server_that_asks_for_it_and_no_message(http_server: str, mirror: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        sync_mirror(f"{http_server}/401/repository", mirror, credential=Token("secret", "user"))
    value = "Basic " + base64.b64encode(b"user:secret").decode()
    assert [shown for _, shown in _Answers.seen] == [None, value]
    assert getattr(caught.value, "reason", "") == "GIT_CREDENTIAL_REFUSED"
    assert "secret" not in caught.value.message
    assert value not in caught.value.message


def test_helper_and_option_in_place_of_a_url_are_refused(mirror: Path, tmp_path: Path) -> None:
    for url in (f"ext::touch\t{tmp_path}/x", "--upload-pack=x", "git://127.0.0.1/x"):
        with pytest.raises(InvalidRequest):
            sync_mirror(url, mirror)
