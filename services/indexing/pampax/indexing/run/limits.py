"""What one attempt at an operation may take, and what happens when it takes more.

Past a soft limit the run ends by itself, with an error that names the limit; what is published stays. Past a hard one
the process is killed: whoever takes the operation up after it goes on behind what was written, and after so many
attempts nobody tries again.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TypeAlias

from pampax.core.errors import ResourceExhausted

TIME_LIMIT = "TIME_LIMIT"
MEMORY_LIMIT = "MEMORY_LIMIT"
_MIB = 1024 * 1024

Limit: TypeAlias = float | None


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of an attempt, bytes of its process, attempts of an operation. None: no limit."""

    soft_s: Limit = None
    hard_s: Limit = None
    soft_bytes: Limit = None
    hard_bytes: Limit = None
    attempts: int = 5  # by workers that died or lost the database over it

    def soft(self, seconds: float, resident: int) -> ResourceExhausted | None:
        """What ends a run that has come so far."""
        if self.soft_s is not None and seconds > self.soft_s:
            message = (
                f"the run has taken longer than {self.soft_s:g} s: index again without --full to go on behind what was "
                "written, or raise indexing.task_soft_limit_s"
            )
            return ResourceExhausted(message, reason=TIME_LIMIT)
        if self.soft_bytes is not None and resident > self.soft_bytes:
            message = (
                f"the run needs more than {self.soft_bytes / _MIB:g} MiB of memory: index less at a time with "
                "--include, or raise indexing.task_memory_mib"
            )
            return ResourceExhausted(message, reason=MEMORY_LIMIT)
        return None

    def hard(self, seconds: float, resident: int) -> str:
        """Why the process is killed; "" when it is not."""
        if self.hard_s is not None and seconds > self.hard_s:
            return f"it was killed after {self.hard_s:g} s (indexing.task_hard_limit_s)"
        if self.hard_bytes is not None and resident > self.hard_bytes:
            most = f"{self.hard_bytes / _MIB:g} MiB of memory"
            return f"it was killed with more than {most} (indexing.task_memory_hard_mib)"
        return ""


def kill_this_process() -> None:
    """As hard as the kernel can: nothing is tidied up, which is what leases are for."""
    os.kill(os.getpid(), signal.SIGKILL)
