"""What is known of one build of one repository."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BuildState(StrEnum):
    ACTIVE = "active"  # a ref shows it
    KEPT = "kept"  # a search under way may still be reading it
    BUSY = "busy"  # an open operation may be writing it
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Build:
    """`readable` counts the snapshots that refs show, and those that a search may still be reading."""

    repository_id: int
    repository: str
    build_id: int
    version: str
    refs: int
    snapshots: int
    readable: int
    open_operations: int
    published_at: datetime | None

    @property
    def key(self) -> dict[str, int]:
        return {"repository_id": self.repository_id, "build_id": self.build_id}

    @property
    def state(self) -> BuildState:
        if self.refs:
            return BuildState.ACTIVE
        if self.readable:
            return BuildState.KEPT
        return BuildState.BUSY if self.open_operations else BuildState.UNUSED


@dataclass(frozen=True, slots=True)
class BuildSize:
    """Rows of one build, dead ones included."""

    files: int
    chunks: int
    bytes: int
