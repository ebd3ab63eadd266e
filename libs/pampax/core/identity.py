"""Who is asking: the identity that a verified key stands for and that services pass on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a principal may do in its tenant; each role includes the ones before it."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified identity. `local` marks the key of an embedded system, the only one that may name local paths."""

    tenant_id: UUID
    principal_id: UUID
    role: Role
    local: bool = False
