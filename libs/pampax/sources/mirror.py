"""Keep a bare mirror of a remote repository on disk: branches and tags, nothing else, and never the URL."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pampax.core.errors import DeadlineExceeded, LocalIOError, NotFound
from pampax.sources.address import GitAddress, parse_git_url
from pampax.sources.command import Finished, run_git
from pampax.sources.credentials import fetch_environment
from pampax.sources.failure import git_failure, plain_line
from pampax.sources.refs import BRANCHES, DETACHED, full_names

_ALL_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOCK_POLL_S = 0.1
_LOCAL_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long a sync may take (until `deadline`, on the monotonic clock), and who may end it before."""

    deadline: float
    check: Callable[[], None]

    def left_s(self) -> float:
        return self.deadline - time.monotonic()


@dataclass(frozen=True, slots=True)
class _Remote:
    """One address and what every call to it needs."""

    address: GitAddress
    patience: _Patience
    environment: Mapping[str, str]

    def git(self, arguments: Sequence[str], directory: Path | None = None) -> Finished:
        left = self.patience.left_s()
        if left <= 0:
            raise DeadlineExceeded(f"fetching {self.address.url} took too long; try again or allow more time")
        found = run_git(
            arguments,
            directory=directory,
            timeout_s=left,
            protocol=self.address.protocol,
            extra_environment=self.environment,
            check=self.patience.check,
        )
        if found.code:
            raise git_failure(self.address.url, found.stderr)
        return found


def sync_mirror(
    url: str,
    directory: Path,
    *,
    timeout_s: float = 300,
    depth_1_ref: str | None = None,
    authorization: str | None = None,
    own_credentials: bool = False,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Make `directory` a bare mirror of the URL's branches and tags, or bring it up to date; call check_git_url first.

    `depth_1_ref`: only this branch, tag, full commit id or "HEAD", without history. `authorization`: the value of the
    HTTP Authorization header, handed to git through its environment and kept nowhere. `own_credentials`: the keys and
    helpers of the user that runs this process may be used as well. One process at a time works on a mirror (a lock file
    beside it); the first clone appears whole or not at all. `check` is called several times a second; what it raises
    ends git and everything it started, and goes on to the caller.

    Raises InvalidRequest (URL, access, no such repository), NotFound (no such ref), Unavailable, DeadlineExceeded,
    LocalIOError, ResourceExhausted (disk full).
    """
    address = parse_git_url(url)
    patience = _Patience(time.monotonic() + timeout_s, check)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        credentials = fetch_environment(address, authorization, own=own_credentials)
        with _locked(directory, patience), credentials as environment:
            remote = _Remote(address, patience, environment)
            if _is_mirror(directory):
                _remove_stale_locks(directory)
                _fetch(remote, directory, depth_1_ref)
            else:
                _clone(remote, directory, depth_1_ref)
    except OSError as error:
        raise LocalIOError(f"cannot keep a mirror in {directory}: {error.strerror or error}") from error


def remove_mirror(directory: Path) -> bool:
    """Remove a mirror that nobody will sync again, with what a broken-off clone of it left; False while one is synced.

    Raises LocalIOError. Cost grows with its files.
    """
    now = _Patience(time.monotonic(), lambda: None)
    try:
        with _locked(directory, now):
            for path in (*directory.parent.glob(f".{directory.name}.*/"), directory):
                if path.is_dir():
                    shutil.rmtree(path)
            _lock_of(directory).unlink(missing_ok=True)
    except DeadlineExceeded:
        return False
    except OSError as error:
        raise LocalIOError(f"cannot remove the mirror {directory}: {error.strerror or error}") from error
    return True


def _is_mirror(directory: Path) -> bool:
    if not directory.exists() or not any(directory.iterdir()):
        return False
    if (directory / "HEAD").is_file() and (directory / "objects").is_dir():
        return True
    raise LocalIOError(f"{directory} holds something that is not a mirror: remove it or choose another folder")


def _clone(remote: _Remote, directory: Path, depth_1_ref: str | None) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        made = run_git(["init", "--quiet", "--bare", "--template=", "--", os.fspath(fresh)], timeout_s=_LOCAL_TIMEOUT_S)
        if made.code:
            raise LocalIOError(f"cannot make a mirror in {directory}: {plain_line(made.stderr)}")
        _fetch(remote, fresh, depth_1_ref)
        fresh.rename(directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fetch(remote: _Remote, directory: Path, depth_1_ref: str | None) -> None:
    if depth_1_ref is None:
        head = _advertised(remote, ["HEAD"])
        refspecs = [*_ALL_REFS, *([] if head.branch else head.detached_refspec())]
        options = ["--prune"]
    else:
        head = _advertised(remote, ["HEAD", *full_names(depth_1_ref)])
        refspecs = [_single_refspec(depth_1_ref, head)]
        options = ["--depth=1"]
    command = ["fetch", "--quiet", "--force", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"]
    remote.git([*command, *options, "--", remote.address.url, *refspecs], directory)
    target = head.branch or (DETACHED if head.commit else "")
    if target:
        run_git(["symbolic-ref", "HEAD", target], directory=directory, timeout_s=_LOCAL_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class _Advertised:
    """What the server says: the branch that its HEAD names and HEAD's commit ("" if none), and the refs asked for."""

    branch: str
    commit: str
    refs: frozenset[str]

    def detached_refspec(self) -> list[str]:
        return [f"+HEAD:{DETACHED}"] if self.commit else []


def _advertised(remote: _Remote, names: Sequence[str]) -> _Advertised:
    output = remote.git(["ls-remote", "--symref", "--", remote.address.url, *names]).stdout.decode("utf-8", "replace")
    branch = commit = ""
    refs = set()
    for line in output.splitlines():
        value, _, name = line.partition("\t")
        if name != "HEAD":
            refs.add(name)
        elif value.startswith(f"ref: {BRANCHES}"):
            branch = value.removeprefix("ref: ")
        elif not value.startswith("ref: "):
            commit = value
    return _Advertised(branch, commit, frozenset(refs))


def _single_refspec(ref: str, head: _Advertised) -> str:
    """Which remote name `ref` stands for and where it is kept, in the order in which resolve_ref looks."""
    for name in full_names(ref):
        if name in head.refs:
            return f"+{name}:{name}"
    if ref == "HEAD" and head.commit:
        return f"+HEAD:{head.branch or DETACHED}"
    if _COMMIT.fullmatch(ref):
        return f"+{ref}:refs/pampax/commits/{ref}"
    raise NotFound(f"no branch or tag {ref!r} in the repository; check the name", reason="REF_NOT_FOUND")


@contextmanager
def _locked(directory: Path, patience: _Patience) -> Iterator[None]:
    """Hold the lock file beside the mirror; the kernel lets go of it when its holder dies."""
    with _lock_of(directory).open("wb") as lock:
        while not _try_lock(lock.fileno()):
            patience.check()
            if patience.left_s() <= 0:
                raise DeadlineExceeded(f"another process is still working on the mirror {directory}; try again later")
            time.sleep(_LOCK_POLL_S)
        yield


def _lock_of(directory: Path) -> Path:
    return directory.parent / f".{directory.name}.lock"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_stale_locks(directory: Path) -> None:
    """Lock files that a killed git left behind; nobody else writes to this mirror while we hold its lock."""
    for pattern in ("*.lock", "refs/**/*.lock"):
        for path in directory.glob(pattern):
            path.unlink(missing_ok=True)
