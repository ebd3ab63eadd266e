"""Which git URLs are taken and which are refused."""

from __future__ import annotations

import pytest

from pampax.core.errors import InvalidRequest
from pampax.sources.git import check_git_url, is_git_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/team/repository.git",
        "https://example.org:8443/repository",
        "HTTPS://example.org/repository",
        "http://git.internal/repository",
        "ssh://git@example.org:2222/repository.git",
        "ssh://example.org/repository",
        "git@example.org:team/repository.git",
        "me@[::1]:repository",
        "https://[2001:db8::1]/repository",
        "https://example.org/team%20one/repository",
    ],
)
def test_url_of_an_allowed_kind_is_taken_inside_a_private_network(url: str) -> None:
    assert is_git_url(url)
    check_git_url(url, allow_private=True, allow_file=False)


@pytest.mark.parametrize("url", ["https://1.1.1.1/repository", "git@8.8.8.8:repository", "https://[2606:4700::1111]/r"])
def test_public_address_is_taken(url: str) -> None:
    check_git_url(url, allow_private=False, allow_file=False)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "characters"),
        ("https://example.org/" + "a" * 3000, "characters"),
        ("https://example.org/a b", "no spaces"),
        ("https://example.org/a\n", "control"),
        ("https://example.org\\@127.0.0.1/a", "backslashes"),
        ("--upload-pack=touch /tmp/x", "spaces"),
        ("--upload-pack=evil", "not a git URL"),
        ("-u@example.org:x", "not a git URL"),
        ("ext::sh", "not a git URL"),
        ("ext::ssh://x/y", "not a git URL"),
        ("git://example.org/repository", "use https"),
        ("ftp://example.org/repository", "use https"),
        ("git+ssh://example.org/repository", "use https"),
        ("/srv/repository", "not a git URL"),
        ("https:/example.org/repository", "not a git URL"),
        ("file:///srv/repository", "upload the folder"),
        ("https://example.org", "no repository"),
        ("https://example.org/", "no repository"),
        ("git@example.org:", "no repository"),
        ("git@example.org:-option", "no repository"),
        ("https:///repository", "no host"),
        ("https://exämple.org/repository", "no host"),
        ("https://-option/repository", "no host"),
        ("ssh://-oProxyCommand=evil/repository", "no host"),
        ("ssh://-oProxyCommand=evil@example.org/repository", "user name"),
        ("https://example.org:99999/repository", "cannot be read"),
        ("https://[::1/repository", "cannot be read"),
        ("https://user:secret@example.org/repository", "remove it"),
        ("https://token@example.org/repository", "remove it"),
        ("ssh://git:secret@example.org/repository", "remove it"),
        ("https://example.org/repository?token=secret", "no query"),
        ("https://example.org/repository#main", "no fragment"),
    ],
)
def test_url_that_must_not_reach_git_is_refused_with_advice_and_without_secrets(url: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        check_git_url(url, allow_private=True, allow_file=False)
    assert "secret" not in caught.value.message
    assert caught.value.fields == {"git_url": caught.value.message}


def test_file_url_is_taken_where_it_is_allowed_and_only_without_a_host() -> None:
    check_git_url("file:///srv/repository", allow_private=False, allow_file=True)
    with pytest.raises(InvalidRequest, match="names no host"):
        check_git_url("file://server/srv/repository", allow_private=False, allow_file=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_internal_address_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(InvalidRequest, match="internal address"):
        check_git_url(f"https://{host}/repository", allow_private=False, allow_file=False)
    with pytest.raises(InvalidRequest, match="internal address"):
        check_git_url(f"ssh://git@{host}/repository", allow_private=False, allow_file=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_internal_address_is_refused_in_scp_form(host: str) -> None:
    with pytest.raises(InvalidRequest, match="internal address"):
        check_git_url(f"git@{host}:repository", allow_private=False, allow_file=False)


def test_plain_http_is_refused_outside_a_private_network() -> None:
    with pytest.raises(InvalidRequest, match="use https"):
        check_git_url("http://1.1.1.1/repository", allow_private=False, allow_file=False)


@pytest.mark.parametrize("text", ["git://example.org/r", "ext::sh -c x", "file:///srv/r", "ftp://example.org/r"])
def test_url_that_will_be_refused_is_still_told_from_a_folder(text: str) -> None:
    assert is_git_url(text)


@pytest.mark.parametrize(
    "text", [".", "/srv/repository", "repository", "../x", "C:\\work", "a:b", "me@home", "~/x", ""]
)
def test_folder_is_not_taken_for_a_url(text: str) -> None:
    assert not is_git_url(text)
