"""What may be stored as a credential. Nothing of it is part of a message."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from pampax.core.errors import InvalidRequest
from pampax.indexing.model import Source, SourceKind
from pampax.sources.git import GitCredential, SshKey, Token, fits, parse_git_url

MAX_TOKEN_CHARS = 8_192
MAX_USERNAME_CHARS = 255
MAX_KEY_BYTES = 32 * 1024
MAX_KNOWN_HOSTS_BYTES = 64 * 1024
# Of a line in a known_hosts file: names, kind of key, key.
_LEAST_WORDS = 3
_WORD = re.compile(r"[\x21-\x7e]+")
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"


def check_credential(source: Source, credential: GitCredential) -> str:
    """The fingerprint of an ssh key, "" for a token. InvalidRequest for what no server could take."""
    if source.kind is not SourceKind.GIT_URL:
        raise _wrong("", "only a repository with a git URL has a credential: this one's content needs none")
    address = parse_git_url(source.location)
    if not fits(address, credential):
        wanted = {"ssh": "an ssh key", "https": "a token", "http": "a token"}.get(address.protocol, "no credential")
        raise _wrong("", f"the repository's URL is one of {address.protocol}, which takes {wanted}")
    if isinstance(credential, Token):
        _check_token(credential)
        return ""
    _check_known_hosts(credential.known_hosts)
    return _fingerprint(credential)


def _check_token(token: Token) -> None:
    if len(token.secret) > MAX_TOKEN_CHARS or not _WORD.fullmatch(token.secret):
        raise _wrong("token", f"a token has 1 to {MAX_TOKEN_CHARS:,} printable ASCII characters and no spaces")
    name = token.username
    if name and (len(name) > MAX_USERNAME_CHARS or ":" in name or not _WORD.fullmatch(name)):
        message = f"a user name has at most {MAX_USERNAME_CHARS} printable ASCII characters, no spaces and no colon"
        raise _wrong("username", message)


def _check_known_hosts(text: str) -> None:
    if len(text.encode()) > MAX_KNOWN_HOSTS_BYTES or "\0" in text:
        raise _wrong("known_hosts", f"known hosts are text of at most {MAX_KNOWN_HOSTS_BYTES // 1024} KiB")
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if words and not words[0].startswith("#") and len(words) < _LEAST_WORDS:
            message = f"line {number} is no line of a known_hosts file: it has names, the kind of key, and the key"
            raise _wrong("known_hosts", message)


def _fingerprint(key: SshKey) -> str:
    """As ssh-keygen prints it."""
    content = key.private_key.replace("\r\n", "\n").strip().encode() + b"\n"
    if len(content) > MAX_KEY_BYTES:
        raise _wrong("private_key", f"a private key has at most {MAX_KEY_BYTES // 1024} KiB")
    load = load_ssh_private_key if content.startswith(_OPENSSH) else load_pem_private_key
    try:
        public = load(content, None).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _wrong("private_key", _unreadable_key(content, error)) from None
    return "SHA256:" + b64encode(hashlib.sha256(b64decode(public.split()[1])).digest()).decode().rstrip("=")


def _unreadable_key(content: bytes, error: Exception) -> str:
    """What the library says may quote the key, so it is not handed on."""
    if isinstance(error, TypeError) or b"ENCRYPTED" in content or "password" in str(error).lower():
        return (
            "the private key has a passphrase, which nobody could type: give one without, made for this purpose and "
            "allowed to read only (`ssh-keygen -t ed25519 -N '' -f FILE`)"
        )
    if b"PRIVATE KEY" not in content:
        return "this is no private key: give the file without .pub, which begins with -----BEGIN"
    return "the private key cannot be read: give one of the kinds ed25519, ecdsa or rsa, in OpenSSH or PEM form"


def _wrong(field: str, message: str) -> InvalidRequest:
    name = f"credential.{field}" if field else "credential"
    return InvalidRequest(message, reason="CREDENTIAL_NOT_VALID", fields={name: message})
