"""What files held when they were last read, by what the disk says of them: an unchanged file is not read again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

# A file that was written so shortly before it was read may be written again without its times showing it: clocks of
# file systems tick in steps of up to two seconds.
RACY_NS = 2_000_000_000
# About 300 bytes each. Beyond that nothing is remembered of the others.
MOST_FILES = 100_000


class Hashes:
    """Blob ids by the file's identity, size and times. In memory, for one thread.

    The change time cannot be set by a program, and moves with every write, rename and change of mode.
    """

    def __init__(self, *, most: int = MOST_FILES, clock: Callable[[], int] = time.time_ns) -> None:
        self._most = most
        self._clock = clock
        self._known: dict[tuple[int, int], tuple[tuple[int, int, int], bytes]] = {}

    def find(self, status: os.stat_result) -> str | None:
        """The blob id of the file that has this status now; None when it has to be read."""
        found = self._known.get((status.st_dev, status.st_ino))
        if found is None or found[0] != (status.st_size, status.st_mtime_ns, status.st_ctime_ns):
            return None
        return found[1].hex()

    def now(self) -> int:
        """For `keep`: asked before the file's status is."""
        return self._clock()

    def keep(self, status: os.stat_result, before_ns: int, blob_id: str, size: int) -> None:
        """The file was read after it had this status, which was asked for at `before_ns`."""
        key = (status.st_dev, status.st_ino)
        settled = max(status.st_mtime_ns, status.st_ctime_ns) < before_ns - RACY_NS
        if not settled or size != status.st_size:
            self._known.pop(key, None)
        elif key in self._known or len(self._known) < self._most:
            self._known[key] = ((size, status.st_mtime_ns, status.st_ctime_ns), bytes.fromhex(blob_id))
