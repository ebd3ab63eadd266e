"""Resource names as clients write them, and the page tokens of the lists."""

from __future__ import annotations

import base64
import binascii
import json
import re
from uuid import UUID

from pampax.core.errors import InvalidRequest

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100

_REPOSITORY_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_MAX_REF_BYTES = 1024
_TOKEN_VERSION = 1


def check_repository_id(repository_id: str, field: str = "repository_id") -> str:
    """The id itself when it follows the rule; InvalidRequest otherwise."""
    if not _REPOSITORY_ID.fullmatch(repository_id):
        raise _invalid(
            field,
            "a repository name has 1 to 63 characters of a-z, 0-9, '.', '_' and '-' and starts with a letter or digit",
        )
    return repository_id


def repository_of(name: str) -> str:
    """`docs` of `repositories/docs`."""
    collection, _, repository_id = name.partition("/")
    if collection != "repositories":
        raise _invalid("name", "a repository is named repositories/{repository}")
    return check_repository_id(repository_id, "name")


def repository_name(repository_id: str) -> str:
    return f"repositories/{repository_id}"


def operation_of(name: str) -> UUID:
    """The id in `operations/{uuid}`."""
    collection, _, text = name.partition("/")
    operation_id = _uuid(text)
    if collection != "operations" or operation_id is None:
        raise _invalid("name", "an operation is named operations/{operation}, as IndexRepository returned it")
    return operation_id


def operation_name(operation_id: UUID) -> str:
    return f"operations/{operation_id}"


def upload_of(text: str) -> UUID:
    upload_id = _uuid(text)
    if upload_id is None:
        raise _invalid("upload", "not the id of an upload: give the one that CreateUpload returned")
    return upload_id


def check_ref(ref: str) -> str:
    """A branch, tag or label that can be stored and given to git as a value; "" stands for the default."""
    if (
        len(ref.encode()) > _MAX_REF_BYTES
        or ref.startswith("-")
        or any(c.isspace() or not c.isprintable() for c in ref)
    ):
        raise _invalid("ref", "a ref has at most 1,024 bytes, no spaces or control characters and no leading '-'")
    return ref


def page_size(asked: int) -> int:
    if not 0 <= asked <= MAX_PAGE_SIZE:
        raise _invalid("page_size", f"page_size is 1 to {MAX_PAGE_SIZE}, or 0 for {DEFAULT_PAGE_SIZE}")
    return asked or DEFAULT_PAGE_SIZE


def encode_page_token(*position: str) -> str:
    """Opaque to clients: where the next page starts."""
    text = json.dumps([_TOKEN_VERSION, *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_page_token(token: str, parts: int) -> tuple[str, ...] | None:
    """The position in a token of this version, None for the first page. It grants nothing: the list filters as ever."""
    if not token:
        return None
    try:
        padded = token + "=" * (-len(token) % 4)
        version, *position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):  # the last one: brackets by the thousand
        version, position = None, []
    if version != _TOKEN_VERSION or len(position) != parts or not all(isinstance(part, str) for part in position):
        raise _invalid("page_token", "the page token is not one of this list: start again without it")
    return tuple(position)


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={field: message})
