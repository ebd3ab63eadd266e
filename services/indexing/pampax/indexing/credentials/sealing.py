"""Credentials as they lie in the database: encrypted by Fernet (AES-128-CBC, HMAC-SHA-256), with keys that change."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from pampax.core.errors import FailedPrecondition
from pampax.sources.git import GitCredential, SshKey, Token

SETTING = "PAMPAX_INDEXING__CREDENTIAL_KEYS"
TOKEN, SSH_KEY = "token", "ssh_key"
_KEY_ID_DIGITS = 16
_NOT_SET = (
    f"this system has no key to encrypt credentials with: whoever runs it sets {SETTING} for the indexing service and "
    "its workers, for example to what `openssl rand -hex 32` prints"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose credential it is: part of what is encrypted, so that a row under another repository opens nothing."""

    tenant_id: UUID
    repository_id: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row without its owner. `key_id` tells which key has sealed it and nothing of it; `repository` is a name."""

    kind: str
    sealed: bytes
    key_id: str
    repository: str = ""
    set_at: datetime | None = None


class Sealer:
    """Holds the keys: the first one seals, every one opens. `keys` is the setting, "" for none."""

    def __init__(self, keys: str) -> None:
        raw = [bytes.fromhex(key) for key in keys.split(",") if key]
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(key)) for key in raw]) if raw else None
        self.key_id = hashlib.sha256(raw[0]).hexdigest()[:_KEY_ID_DIGITS] if raw else ""

    def seal(self, owner: Owner, credential: GitCredential) -> Sealed:
        """FailedPrecondition when there is no key."""
        fernet = self._keys()
        document = {"tenant": str(owner.tenant_id), "repository": str(owner.repository_id), **_document(credential)}
        kind = TOKEN if isinstance(credential, Token) else SSH_KEY
        return Sealed(kind, fernet.encrypt(json.dumps(document).encode()), self.key_id)

    def open(self, owner: Owner, stored: Sealed) -> GitCredential:
        """FailedPrecondition when no key of ours fits, or when it is somebody else's."""
        label = _label(stored)
        document = self._document(owner, stored, label)
        if stored.kind == TOKEN:
            return Token(document["token"], document["username"], label, stored.repository)
        return SshKey(document["private_key"], document["known_hosts"], label, stored.repository)

    def seal_anew(self, owner: Owner, stored: Sealed) -> Sealed:
        """The same under the first key. FailedPrecondition as for `open`."""
        self._document(owner, stored, _label(stored))
        return Sealed(stored.kind, self._keys().rotate(stored.sealed), self.key_id)

    def _document(self, owner: Owner, stored: Sealed, label: str) -> dict[str, str]:
        try:
            document: dict[str, str] = json.loads(self._keys().decrypt(stored.sealed))
        except InvalidToken:
            document = {}
        if (document.get("tenant"), document.get("repository")) != (str(owner.tenant_id), str(owner.repository_id)):
            option = "--token-env NAME" if stored.kind == TOKEN else "--ssh-key FILE"
            raise FailedPrecondition(
                f"{label} cannot be decrypted here: put the key that it was encrypted with back at the end of "
                f"{SETTING}, or store the credential again (`pampax repos credential {stored.repository} {option}`)",
                reason="CREDENTIAL_UNREADABLE",
            )
        return document

    def _keys(self) -> MultiFernet:
        if self._fernet is None:
            raise FailedPrecondition(_NOT_SET, reason="CREDENTIALS_NOT_CONFIGURED")
        return self._fernet


def _document(credential: GitCredential) -> dict[str, str]:
    if isinstance(credential, Token):
        return {"token": credential.secret, "username": credential.username}
    return {"private_key": credential.private_key, "known_hosts": credential.known_hosts}


def _label(stored: Sealed) -> str:
    """How messages call it."""
    kind = "token" if stored.kind == TOKEN else "ssh key"
    since = f" on {stored.set_at:%Y-%m-%d %H:%M} UTC" if stored.set_at else ""
    return f"the {kind} that was stored for repository {stored.repository!r}{since}"
