"""Fetching from git servers: tried again when it may help, and a server that does not answer is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pampax.core.errors import Unavailable
from pampax.runtime.policy import Backoff, BreakerRule, Guard, Policy
from pampax.sources.git import GitCredential, Obtain, fetch_blobs, parse_git_url, sync_mirror

# A fetch moves the mirror from one whole state to the next, so doing it twice does no harm. Five failures in a row are
# two runs with their tries; runs come minutes apart, so they may lie so far apart as well.
POLICY = Policy(
    "git",
    timeout_s=600.0,
    retries=2,
    backoff=Backoff(first_s=1.0, most_s=4.0),
    breaker=BreakerRule(failures=5, window_s=600.0, open_s=30.0),
)
# Each a few hundred bytes; what is known of the one that was asked longest ago is forgotten.
MOST_SERVERS = 256
# The others need somebody to change something: a certificate, a missing command.
_TRANSIENT = ("GIT_UNREACHABLE", "GIT_NO_OBJECTS")
_CHECK_S = 0.2


def fetch(
    url: str,
    mirror: Path,
    check: Callable[[], None],
    *,
    credential: GitCredential | None = None,
    own_credentials: bool,
) -> None:
    """`pampax.sources.git.sync_mirror` under the policy of the URL's server. What `check` raises ends that."""

    def sync(left_s: float, watched: Callable[[], None]) -> None:
        sync_mirror(
            url,
            mirror,
            timeout_s=left_s,
            partial=True,
            credential=credential,
            own_credentials=own_credentials,
            check=watched,
        )

    _guarded(url, sync, check)


def obtainer(
    url: str, mirror: Path, check: Callable[[], None], *, credential: GitCredential | None, own_credentials: bool
) -> Obtain:
    """`pampax.sources.git.fetch_blobs` in the same way."""

    def obtain(blobs: Sequence[str]) -> None:
        def bring(left_s: float, watched: Callable[[], None]) -> None:
            fetch_blobs(
                url,
                mirror,
                blobs,
                timeout_s=left_s,
                credential=credential,
                own_credentials=own_credentials,
                check=watched,
            )

        _guarded(url, bring, check)

    return obtain


def _guarded(url: str, work: Callable[[float, Callable[[], None]], None], check: Callable[[], None]) -> None:
    def watched() -> None:
        try:
            check()
        except Exception as error:
            raise _EndedError(error) from error

    def attempt(left_s: float) -> Unavailable | None:
        try:
            work(left_s, watched)
        except Unavailable as error:
            if error.reason in _TRANSIENT:
                raise
            return error
        return None

    try:
        lasting = guard_of(url).call_blocking("fetch", attempt, sleep=lambda seconds: _pause(seconds, check))
    except _EndedError as ended:
        raise ended.why from None
    if lasting is not None:
        raise lasting


class _EndedError(Exception):
    """Around what `check` raised: a lost lease or a cancel says nothing about the server."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


def guard_of(url: str) -> Guard:
    """One for each server: another port is another server, and the files of this machine are one as well."""
    address = parse_git_url(url)
    port = urlsplit(url).port if "://" in url else None
    return _guard(address.protocol, address.host, port)


@lru_cache(MOST_SERVERS)
def _guard(protocol: str, host: str, port: int | None) -> Guard:
    where = f"{protocol}://{host}" + (f":{port}" if port else "")
    return Guard(POLICY, name=where)


def _pause(seconds: float, check: Callable[[], None]) -> None:
    give_up = time.monotonic() + seconds
    while (left := give_up - time.monotonic()) > 0:
        check()
        time.sleep(min(left, _CHECK_S))
