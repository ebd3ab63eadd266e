"""Numbers, times and foreign text as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pampax.core.visible import visible as visible

if TYPE_CHECKING:
    from pampax.client.repository import CredentialStatus

_SHORT_COMMIT = 10
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def age(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h`, `5 d`: the largest unit that fits."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


def number(count: int) -> str:
    return f"{count:,}"


def size(bytes_: int) -> str:
    """`512 B`, `1.5 MB`: the largest unit that fits, of 1,000 each."""
    amount, unit = float(bytes_), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1_000:
            break
        amount, unit = amount / 1_000, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 file`, `1,200 files`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def skipped(reasons: Mapping[str, int]) -> str:
    """`12 binary, 3 generated`, most first."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number(count)} {reason}" for reason, count in ordered if count)


def commit(commit_id: str, *, dirty: bool = False) -> str:
    """Short, with a plus for changes on top of it; a dash outside git."""
    return commit_id[:_SHORT_COMMIT] + ("+" if dirty else "") if commit_id else "-"


def joined(parts: Sequence[str]) -> str:
    """What there is of it, on one line."""
    return " · ".join(part for part in parts if part)


def credential(stored: CredentialStatus | None) -> str:
    """`a token, stored 2026-11-21T10:00:00Z`; nothing of the secret is known here."""
    if stored is None:
        return "no credential is stored"
    kind = f"an ssh key, {stored.fingerprint}" if stored.kind == "ssh_key" else "a token"
    return f"{kind}, stored {stored.set_at}"
