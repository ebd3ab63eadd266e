"""How long a run takes, from how long runs took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Claiming, listing and publishing of a small tree.
_START_S = 0.5
# A first run on two cores, vectors included: the benchmark's small corpus takes 1.7 s.
_USUAL_CHUNK_S = 0.8e-3
# Shorter runs tell more of their start than of their pace.
_TELLING_CHUNKS = 200.0


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run that succeeded: how long it took, and what it published."""

    seconds: float
    new_blobs: int
    files: int
    chunks: int

    @property
    def new_chunks(self) -> float:
        """A run tells only how many contents were new; they have as many chunks as the others have."""
        return self.chunks * min(1.0, self.new_blobs / self.files) if self.files else 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds per new chunk; `name` says where they come from."""

    chunk_s: float = _USUAL_CHUNK_S
    name: str = "usual"

    def seconds(self, new_chunks: int) -> float:
        return _START_S + new_chunks * self.chunk_s


def pace_of(runs: Sequence[PastRun]) -> Pace:
    """That of the runs which were long enough to tell; the usual one without any."""
    telling = [run for run in runs if run.new_chunks >= _TELLING_CHUNKS and run.seconds > 0]
    if not telling:
        return Pace()
    worked = sum(max(run.seconds - _START_S, 0.1 * run.seconds) for run in telling)
    return Pace(worked / sum(run.new_chunks for run in telling), "measured")
