"""Keep a bare mirror of a remote repository on disk: branches and tags, nothing else, and never the URL.

A mirror may be partial, where its server allows it: it has every commit and tree, and of the blobs those that a run has
asked for, in one request for all. git would fetch the others one by one as they are read; it cannot, because what makes
a repository partial in its eyes is told to those calls alone that fetch.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pampax.core.errors import DeadlineExceeded, LocalIOError, NotFound, Unavailable
from pampax.sources.address import GitAddress, parse_git_url
from pampax.sources.command import Finished, run_git
from pampax.sources.credentials import GitCredential, fetch_environment
from pampax.sources.damage import is_damaged
from pampax.sources.failure import NO_OBJECTS, OBJECT_BROKEN, OBJECT_REFUSED, git_failure, plain_line
from pampax.sources.refs import BRANCHES, DETACHED, full_names

_ALL_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
_REMOTE = "origin"
_NO_BLOBS = "blob:none"
# In a mirror's configuration: false for one that has to be full, because its server sends no single blobs.
_MAY_BE_PARTIAL = "pampax.partial"
# A server that cannot send more than these is broken, and not some of its blobs.
_MOST_BROKEN = 50
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
    credential: GitCredential | None

    def named(self) -> _Remote:
        """The same under a name, and as one that keeps what we lack: so git may leave blobs out. Told in the
        environment, nothing of it stays in the mirror."""
        settings = {"url": self.address.url, "promisor": "true", "partialclonefilter": _NO_BLOBS}
        first = int(self.environment.get("GIT_CONFIG_COUNT", "0"))
        variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
        for number, (key, value) in enumerate(settings.items(), start=first):
            variables |= {f"GIT_CONFIG_KEY_{number}": f"remote.{_REMOTE}.{key}", f"GIT_CONFIG_VALUE_{number}": value}
        return replace(self, environment={**self.environment, **variables})

    def git(self, arguments: Sequence[str], directory: Path | None = None, stdin: bytes = b"") -> Finished:
        left = self.patience.left_s()
        if left <= 0:
            raise DeadlineExceeded(f"fetching {self.address.url} took too long; try again or allow more time")
        found = run_git(
            arguments,
            directory=directory,
            timeout_s=left,
            protocol=self.address.protocol,
            extra_environment=self.environment,
            stdin=stdin,
            check=self.patience.check,
        )
        if found.code:
            raise git_failure(self.address.url, found.stderr, self.credential)
        return found


def sync_mirror(
    url: str,
    directory: Path,
    *,
    timeout_s: float = 300,
    depth_1_ref: str | None = None,
    partial: bool = False,
    credential: GitCredential | None = None,
    own_credentials: bool = False,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Make `directory` a bare mirror of the URL's branches and tags, or bring it up to date; call check_git_url first.

    `depth_1_ref`: only this branch, tag, full commit id or "HEAD", without history. `partial`: without contents where
    the server allows it; `fetch_blobs` brings those that are needed. `credential`: what the server may be shown, and
    nothing else then; kept nowhere. `own_credentials`: without one, the keys and helpers of the user that runs this
    process may be used. One process at a time works on a mirror (a lock file beside it); the first clone appears whole
    or not at all. `check` is called several times a second; what it raises ends git and everything it started, and goes
    on to the caller.

    Raises InvalidRequest (URL, access, no such repository), NotFound (no such ref), Unavailable, DeadlineExceeded,
    LocalIOError, ResourceExhausted (disk full).
    """
    address = parse_git_url(url)
    patience = _Patience(time.monotonic() + timeout_s, check)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        shown = fetch_environment(address, credential, own=own_credentials)
        with _locked(directory, patience), shown as environment:
            remote = _Remote(address, patience, environment, credential)
            if not _is_mirror(directory):
                _clone(remote, directory, depth_1_ref, partial)
            elif is_damaged(directory) or not _refreshed(remote, directory, depth_1_ref, partial):
                shutil.rmtree(directory)
                _clone(remote, directory, depth_1_ref, partial)
    except OSError as error:
        raise LocalIOError(f"cannot keep a mirror in {directory}: {error.strerror or error}") from error


def fetch_blobs(
    url: str,
    directory: Path,
    blobs: Sequence[str],
    *,
    timeout_s: float = 300,
    credential: GitCredential | None = None,
    own_credentials: bool = False,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Bring blobs (40 hex digits) that a mirror lacks into it, all in one request; the rest is as for sync_mirror.

    What the server cannot send, because it is broken there or gone, stays missing. A server that sends no single blobs
    is asked for everything, now and from here on.
    """
    address = parse_git_url(url)
    patience = _Patience(time.monotonic() + timeout_s, check)
    shown = fetch_environment(address, credential, own=own_credentials)
    with _locked(directory, patience), shown as environment:
        remote = _Remote(address, patience, environment, credential)
        try:
            _fetch_blobs(remote, directory, blobs)
        except Unavailable as error:
            if error.reason != OBJECT_REFUSED:
                raise
            run_git(["config", _MAY_BE_PARTIAL, "false"], directory=directory, timeout_s=_LOCAL_TIMEOUT_S)
            _fetch(remote, directory, None, partial=False, anew=True)


def remote_commit(
    url: str,
    ref: str,
    *,
    timeout_s: float,
    credential: GitCredential | None = None,
    own_credentials: bool = False,
    check: Callable[[], None] = lambda: None,
) -> str:
    """The commit that the server has under a branch, a tag or "HEAD" now, without fetching; call check_git_url first.

    Raises what sync_mirror raises; NotFound when there is no such ref.
    """
    address = parse_git_url(url)
    patience = _Patience(time.monotonic() + timeout_s, check)
    names = ("HEAD",) if ref == "HEAD" else full_names(ref)
    with fetch_environment(address, credential, own=own_credentials) as environment:
        remote = _Remote(address, patience, environment, credential)
        # An annotated tag comes twice: itself, and the commit that it stands for.
        asked = [each for name in names for each in (name, name + "^{}")]
        lines = remote.git(["ls-remote", "--", url, *asked]).stdout.decode("utf-8", "replace").splitlines()
    found = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
    for name in names:
        commit = found.get(name + "^{}") or found.get(name)
        if commit:
            return commit
    raise NotFound(f"no branch or tag {ref!r} in the repository any more", reason="REF_NOT_FOUND")


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


def _clone(remote: _Remote, directory: Path, depth_1_ref: str | None, partial: bool) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        made = run_git(["init", "--quiet", "--bare", "--template=", "--", os.fspath(fresh)], timeout_s=_LOCAL_TIMEOUT_S)
        if made.code:
            raise LocalIOError(f"cannot make a mirror in {directory}: {plain_line(made.stderr)}")
        _fetch(remote, fresh, depth_1_ref, partial)
        fresh.rename(directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refreshed(remote: _Remote, directory: Path, depth_1_ref: str | None, partial: bool) -> bool:
    """False when the mirror is broken so that it cannot be brought up to date."""
    _remove_stale_locks(directory)
    try:
        _fetch(remote, directory, depth_1_ref, partial)
    except Unavailable as error:
        if error.reason != OBJECT_BROKEN:
            raise
        return False
    return True


def _fetch(remote: _Remote, directory: Path, depth_1_ref: str | None, partial: bool, *, anew: bool = False) -> None:
    """`anew`: everything, as if nothing were there."""
    if depth_1_ref is None:
        head = _advertised(remote, ["HEAD"])
        refspecs = [*_ALL_REFS, *([] if head.branch else head.detached_refspec())]
        partial = partial and _may_be_partial(directory)
        # A shallow clone may be a source; its ends are taken over.
        options = ["--prune", "--update-shallow", *([f"--filter={_NO_BLOBS}"] if partial else [])]
        options += ["--refetch", "--no-filter"] if anew else []
    else:
        head = _advertised(remote, ["HEAD", *full_names(depth_1_ref)])
        refspecs = [_single_refspec(depth_1_ref, head)]
        options, partial = ["--depth=1"], False
    command = [*_FETCH, "--force", *options]
    if partial:
        remote.named().git([*command, "--", _REMOTE, *refspecs], directory)
    else:
        remote.git([*command, "--", remote.address.url, *refspecs], directory)
    target = head.branch or (DETACHED if head.commit else "")
    if target:
        run_git(["symbolic-ref", "HEAD", target], directory=directory, timeout_s=_LOCAL_TIMEOUT_S)


def _may_be_partial(directory: Path) -> bool:
    found = run_git(["config", "--get", _MAY_BE_PARTIAL], directory=directory, timeout_s=_LOCAL_TIMEOUT_S)
    return found.stdout.strip() != b"false"


def _fetch_blobs(remote: _Remote, directory: Path, blobs: Sequence[str]) -> None:
    """Halves what is asked for until it is known which blobs the server cannot send; k of n take about k times log2(n)
    requests."""
    # Without negotiation: of what we have the server would believe that we have all of its blobs.
    command = ["-c", "fetch.negotiationAlgorithm=noop", *_FETCH, f"--filter={_NO_BLOBS}", "--stdin", "--", _REMOTE]
    named = remote.named()
    pending = [list(blobs)]
    broken = 0
    while pending:
        batch = pending.pop()
        try:
            named.git(command, directory, "".join(f"{blob}\n" for blob in batch).encode())
        except Unavailable as error:
            broken += len(batch) == 1
            if error.reason not in (OBJECT_BROKEN, NO_OBJECTS) or broken > _MOST_BROKEN:
                raise
            middle = len(batch) // 2
            pending += [half for half in (batch[:middle], batch[middle:]) if half and half != batch]


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
