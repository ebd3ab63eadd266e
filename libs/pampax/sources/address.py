"""Git URLs: telling them from folders, and refusing those that must not be fetched."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pampax.core.errors import InvalidRequest, Unavailable

_LONGEST_URL = 2048
# A resolver that has not answered by then is as good as none.
_RESOLVE_S = 5.0
_URL = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*(://|::)")
_SCP = re.compile(
    r"(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):(?!//)"
)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*|[0-9A-Fa-f:.]+")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
# Azure's wire server: a metadata service on an address that counts as public.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class GitAddress:
    """A git URL taken apart: `protocol` is git's name of the transport (https, http, ssh, file); `host` may be ""."""

    url: str
    protocol: str
    host: str


def is_git_url(text: str) -> bool:
    """Whether this is meant as a URL and not as a folder. It may still be one that check_git_url refuses."""
    return bool(_URL.match(text) or _SCP.match(text))


def check_git_url(url: str, *, allow_private: bool, allow_file: bool) -> None:
    """Refuse a URL that this system must not fetch. Resolves the host (at most 5 s) unless `allow_private`.

    Allowed: https, ssh, user@host:path; http only with `allow_private` (inside one's own network); file only with
    `allow_file`. Hosts with any loopback, private, link-local, multicast or metadata address need `allow_private`. git
    resolves the name again when it connects: a name server that changes its answer in between is not caught here, so
    production networks should also restrict where the workers may connect.

    Raises InvalidRequest, and Unavailable when the name server does not answer.
    """
    address = parse_git_url(url)
    if address.protocol == "file" and not allow_file:
        raise _refused("file:// URLs are for a local system only: upload the folder instead (`pampax index FOLDER`)")
    if address.protocol == "http" and not allow_private:
        raise _refused("plain http can be read and changed on the way: use https://")
    if address.protocol == "file" or allow_private:
        return
    for found in _resolved(address.host):
        if _internal(found):
            raise _refused(
                f"{address.host} is an internal address ({found}); whoever runs the "
                "workers can allow it: PAMPAX_INDEXING__ALLOW_PRIVATE_GIT=true"
            )


def parse_git_url(url: str) -> GitAddress:
    """Take a URL apart. Raises InvalidRequest for what git could take for an option or a helper, and for secrets."""
    if not url or len(url) > _LONGEST_URL or _UNPRINTABLE.search(url):
        raise _refused(f"a git URL has 1 to {_LONGEST_URL} characters and no spaces, backslashes or control characters")
    scp = _SCP.match(url)
    if scp is not None:
        if scp.end() == len(url) or url[scp.end()] == "-":
            raise _refused("the git URL names no repository after the colon")
        return GitAddress(url, "ssh", scp["host"].strip("[]"))
    return _parse_with_scheme(url)


def _parse_with_scheme(url: str) -> GitAddress:
    scheme, separator, _ = url.partition("://")
    protocol = scheme.lower()
    if not separator or protocol not in ("https", "http", "ssh", "file"):
        raise _refused(
            "not a git URL that can be fetched: use https://host/path, ssh://user@host/path or user@host:path"
        )
    try:
        parts = urlsplit(url)
        _ = parts.port  # checked only when asked for
    except ValueError as error:
        raise _refused(f"the git URL cannot be read: {error}") from error
    _check_parts(protocol, parts)
    return GitAddress(url, protocol, parts.hostname or "")


def _check_parts(protocol: str, parts: SplitResult) -> None:
    userinfo, _, _ = parts.netloc.rpartition("@")
    if userinfo and (protocol != "ssh" or parts.password is not None):
        raise _refused(
            "the git URL holds a user name or password: remove it, and give the credentials separately "
            "(`pampax index URL --token-env NAME`)"
        )
    if userinfo and not _USER.fullmatch(userinfo):
        raise _refused("the user name in the git URL has characters that are not allowed")
    if parts.query or parts.fragment:
        raise _refused("a git URL has no query and no fragment: remove everything from ? or # on")
    if protocol == "file" and parts.netloc:
        raise _refused("a file URL names no host: write file:///path")
    if protocol != "file" and not _HOST.fullmatch(parts.hostname or ""):
        raise _refused("the git URL names no host, or one that is not plain ASCII")
    if not parts.path.strip("/"):
        raise _refused("the git URL names no repository after the host")


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest(message, reason="GIT_URL_REFUSED", fields={"git_url": message})


def _resolved(host: str) -> list[_Address]:
    """Every address of the host. Python cannot stop a resolver that hangs, so a daemon thread waits for it."""
    answers: list[list[_Address] | OSError | UnicodeError] = []
    thread = threading.Thread(target=lambda: answers.append(_lookup(host)), daemon=True)
    thread.start()
    thread.join(_RESOLVE_S)
    answer = answers[0] if answers else TimeoutError("no answer")
    if isinstance(answer, list):
        return answer
    if isinstance(answer, TimeoutError) or getattr(answer, "errno", None) == socket.EAI_AGAIN:
        raise Unavailable(f"the name server does not answer for {host}: try again") from answer
    raise _refused(f"no such host: {host}; check the spelling") from answer


def _lookup(host: str) -> list[_Address] | OSError | UnicodeError:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _internal(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _internal(inner)
    return not address.is_global or address.is_multicast or address in _METADATA
