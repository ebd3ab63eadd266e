"""What git prints when it fails becomes one line that says whose move it is."""

from __future__ import annotations

import pytest

from pampax.sources.failure import git_failure

_SSH_END = """fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""
_URL = "git@example.org:team/repository.git"


@pytest.mark.parametrize(
    ("stderr", "reason", "line"),
    [
        (
            "git@example.org: Permission denied (publickey).\r\n" + _SSH_END,
            "GIT_ACCESS_DENIED",
            "git@example.org: Permission denied (publickey).",
        ),
        ("Host key verification failed.\r\n" + _SSH_END, "GIT_HOST_UNKNOWN", "Host key verification failed."),
        (
            "ssh: connect to host example.org port 22: Connection refused\r\n" + _SSH_END,
            "GIT_UNREACHABLE",
            "connect to host example.org port 22: Connection refused",
        ),
        ("error: cannot run ssh: No such file or directory\nfatal: unable to fork\n", "SSH_MISSING", "cannot run ssh"),
        (
            "remote: \nremote: =====\nremote: The project could not be found.\nremote: =====\nremote: \n" + _SSH_END,
            "GIT_REPOSITORY_NOT_FOUND",
            "The project could not be found.",
        ),
        (
            "fatal: could not read Username for 'https://example.org': terminal prompts disabled\n",
            "GIT_ACCESS_DENIED",
            "could not read Username",
        ),
        (
            "fatal: unable to access 'https://example.org/r/': SSL certificate problem: self-signed certificate\n",
            "GIT_TLS_FAILED",
            "SSL certificate problem",
        ),
        (
            "fatal: unable to access 'https://example.org/r/': Could not resolve host: example.org\n",
            "GIT_UNREACHABLE",
            "Could not resolve host",
        ),
        ("fatal: write error: No space left on device\nfatal: index-pack failed\n", "DISK_FULL", "No space left"),
        (
            "error: cannot update ref 'refs/heads/main': couldn't write '/mirrors/m/./refs/heads/main.lock'\n",
            "DISK_FULL",
            "couldn't write",
        ),
        ("fatal: mismatched algorithms: client sha1; server sha256\n", "GIT_FORMAT_UNKNOWN", "mismatched"),
        (
            "fatal: invalid gitfile format: /etc/passwd\n" + _SSH_END,
            "GIT_REPOSITORY_NOT_FOUND",
            "invalid gitfile format",
        ),
        ("fatal: not a git repository: /gone\n" + _SSH_END, "GIT_REPOSITORY_NOT_FOUND", "not a git repository"),
        ("", "GIT_UNREACHABLE", "git gave no reason"),
    ],
)
def test_telling_line_is_chosen_and_its_cause_named(stderr: str, reason: str, line: str) -> None:
    error = git_failure(_URL, stderr)
    assert error.reason == reason
    assert line in error.message
    assert "\n" not in error.message


def test_credentials_and_terminal_commands_are_never_shown() -> None:
    stderr = "fatal: unable to access 'https://user:secret@example.org/r/': \x1b[31mbroken\x07\n"
    message = git_failure("https://token@example.org/r", stderr).message
    assert [word for word in ("secret", "token", "\x1b", "\x07") if word in message] == []


def test_line_without_end_is_cut() -> None:
    assert len(git_failure(_URL, "fatal: " + "x" * 100_000).message) < 500
