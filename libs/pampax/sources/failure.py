"""What git says when it fails, as one of our errors with one clear line and no credentials in it."""

from __future__ import annotations

import re

from pampax.core.errors import InvalidRequest, PampaxError, ResourceExhausted, Unavailable

_LONGEST_LINE = 300
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SPEAKER = re.compile(r"^(remote|fatal|error|ssh):\s*", re.IGNORECASE)
# git's last words that only point at the lines before them.
_EMPTY_WORDS = (
    "could not read from remote repository",
    "the remote end hung up unexpectedly",
    "please make sure you have the correct access rights",
    "and the repository exists",
)

# (what the line contains in lower case, error, reason, what to do); the first that fits is taken.
_KNOWN: tuple[tuple[tuple[str, ...], type[PampaxError], str, str], ...] = (
    (("cannot run ssh",), Unavailable, "SSH_MISSING", "install the ssh command where PAMPAX runs"),
    (
        ("host key verification failed",),
        InvalidRequest,
        "GIT_HOST_UNKNOWN",
        "add the server's host key to known_hosts of the user that runs PAMPAX",
    ),
    (
        ("authentication failed", "could not read username", "could not read password", "permission denied (",
         "returned error: 401", "returned error: 403", "access denied"),
        InvalidRequest,
        "GIT_ACCESS_DENIED",
        "check that the repository exists and give PAMPAX credentials that may read it",
    ),
    (
        ("returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"),
        InvalidRequest,
        "GIT_REDIRECTED",
        "redirects are not followed: use the final address (often the same with .git at the end)",
    ),
    (
        ("not found", "could not be found", "does not appear to be a git repository", "does not exist",
         "returned error: 404", "no such file or directory", "not a git repository", "invalid gitfile format"),
        InvalidRequest,
        "GIT_REPOSITORY_NOT_FOUND",
        "check the URL",
    ),
    (
        ("mismatched algorithms",),
        InvalidRequest,
        "GIT_FORMAT_UNKNOWN",
        "repositories with SHA-256 object ids are not supported",
    ),
    (
        ("ssl certificate", "certificate verif"),
        Unavailable,
        "GIT_TLS_FAILED",
        "if the server uses a certificate authority of its own, name it in GIT_SSL_CAINFO",
    ),
    (
        # Of a ref that it cannot write, git does not say why: it is hardly ever anything else.
        ("no space left on device", "disk quota exceeded", "couldn't write", "unable to write"),
        ResourceExhausted,
        "DISK_FULL",
        "free some space in the mirror folder, or let PAMPAX write there",
    ),
)  # fmt: skip


def git_failure(url: str, stderr: str) -> PampaxError:
    """The error for a failed clone or fetch: InvalidRequest for what the caller can mend, else Unavailable."""
    line = plain_line(stderr)
    shown = _CREDENTIALS.sub("", url)
    whole = stderr.lower()
    for words, error, reason, advice in _KNOWN:
        if any(word in whole for word in words):
            return error(f"cannot fetch {shown}: {line}; {advice}", reason=reason)
    return Unavailable(f"cannot fetch {shown}: {line}; try again later", reason="GIT_UNREACHABLE")


def plain_line(stderr: str) -> str:
    """The one line of git's stderr that tells most: no credentials, no control characters, at most 300 characters."""
    lines = [_CONTROL.sub(" ", line).strip() for line in re.split(r"[\r\n]+", stderr)]
    telling = [line for line in lines if _tells(line)]
    verdicts = [line for line in telling if line.lower().startswith(("fatal:", "error:"))]
    chosen = (verdicts[:1] or telling[-1:] or ["git gave no reason"])[0]
    return _CREDENTIALS.sub("", _SPEAKER.sub("", chosen))[:_LONGEST_LINE].strip()


def _tells(line: str) -> bool:
    """Whether there is a word in it that is not one of the empty ones."""
    return re.search(r"\w", _SPEAKER.sub("", line)) is not None and not any(
        words in line.lower() for words in _EMPTY_WORDS
    )
