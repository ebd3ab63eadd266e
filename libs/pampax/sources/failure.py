"""What git says when it fails, as one of our errors with one clear line and no credentials in it."""

from __future__ import annotations

import re

from pampax.core.errors import InvalidRequest, PampaxError, ResourceExhausted, Unavailable
from pampax.sources.credentials import GitCredential, Token, without_secrets

ACCESS_DENIED = "GIT_ACCESS_DENIED"
CREDENTIAL_REFUSED = "GIT_CREDENTIAL_REFUSED"
# The server has closed the line where the objects should come: it died of one, or of something else.
NO_OBJECTS = "GIT_NO_OBJECTS"
OBJECT_BROKEN = "GIT_OBJECT_BROKEN"
OBJECT_REFUSED = "GIT_OBJECT_REFUSED"

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
        "compare its host key with the one that its operator publishes, and give it by `--known-hosts FILE`",
    ),
    (
        ("authentication failed", "could not read username", "could not read password", "permission denied (",
         "returned error: 401", "returned error: 403", "access denied"),
        InvalidRequest,
        ACCESS_DENIED,
        "check that it exists, and give what may read it: `pampax index URL --token-env NAME`, or `--ssh-key FILE`",
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
        # The first is git before version 2 of its protocol, without uploadpack.allowAnySHA1InWant.
        ("does not allow request for unadvertised object",),
        Unavailable,
        OBJECT_REFUSED,
        "its operator may allow it with uploadpack.allowAnySHA1InWant",
    ),
    (
        ("not our ref", "is corrupt", "bad object", "bad tree object", "bad pack", "data stream error", "missing blob",
         "unable to read sha1", "unable to parse", "did not send all necessary objects", "early eof",
         "unresolved deltas", "object file", "garbage at end of loose object"),
        Unavailable,
        OBJECT_BROKEN,
        "an object of the repository cannot be read: whoever runs the server can look with `git fsck`",
    ),
    (("expected 'packfile'",), Unavailable, NO_OBJECTS, "the server ended without a word; try again later"),
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


def git_failure(url: str, stderr: str, credential: GitCredential | None = None) -> PampaxError:
    """The error for a failed clone or fetch: InvalidRequest for what the caller can mend, else Unavailable.

    `credential`: what the server was shown; nothing of it is part of the message.
    """
    said = without_secrets(stderr, credential)
    line = plain_line(said)
    shown = url if url.startswith("ssh://") else _CREDENTIALS.sub("", url)  # ssh has no more than a user there
    whole = said.lower()
    for words, error, reason, advice in _KNOWN:
        if any(word in whole for word in words):
            if reason == ACCESS_DENIED and credential is not None:
                return _refused(shown, line, credential)
            return error(f"cannot fetch {shown}: {line}; {advice}", reason=reason)
    return Unavailable(f"cannot fetch {shown}: {line}; try again later", reason="GIT_UNREACHABLE")


def _refused(url: str, line: str, credential: GitCredential) -> InvalidRequest:
    option = "--token-env NAME" if isinstance(credential, Token) else "--ssh-key FILE"
    name = f" --name {credential.repository}" if credential.repository else ""
    return InvalidRequest(
        f"cannot fetch {url}: {line}; the server does not take {credential.label}: it may have expired or been "
        f"withdrawn, or may not read this repository. Give another one: `pampax index {url}{name} {option}`",
        reason=CREDENTIAL_REFUSED,
    )


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
