"""Lists of the terms that were searched for lately, as scoring wants them: questions share their frequent terms, and it
is those whose lists are long."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from pampax.search.bm25 import OF_NAMES, LiveList, live_list, of_text
from pampax.search.directory import Directory
from pampax.search.postgres import NAMES, WORDS, read_postings
from pampax.storage.database import Connection
from pampax.storage.posting import concatenate
from pampax.storage.snapshots import Snapshot

MAX_BYTES = 128 * 1024 * 1024  # of all lists that are kept
ENTRY_BYTES = 400  # what one takes besides its arrays

_NOTHING = concatenate(())


class KeptPostings:
    """By snapshot, field and term; the least recently used leave first. A snapshot is immutable, and so are they."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int, str], LiveList] = OrderedDict()
        self._bytes = 0

    async def read(
        self, conn: Connection, snapshot: Snapshot, directory: Directory, terms: Sequence[str], fields: Sequence[int]
    ) -> dict[int, dict[str, LiveList]]:
        """By field and term. One statement for the terms that are not kept, none when all are."""
        found: dict[int, dict[str, LiveList]] = {field: {} for field in fields}
        missing = [term for term in terms if not self._take(snapshot, term, found)]
        if missing:
            stored = dict(zip((WORDS, NAMES), await read_postings(conn, snapshot, missing, fields), strict=True))
            parameters = {WORDS: of_text(directory), NAMES: OF_NAMES}
            for field in fields:
                for term in missing:
                    whole = stored[field].get(term, _NOTHING)
                    found[field][term] = live_list(whole, directory, parameters[field])
                    self._keep((snapshot.snapshot_id, field, term), found[field][term])
        return found

    def _take(self, snapshot: Snapshot, term: str, found: dict[int, dict[str, LiveList]]) -> bool:
        """Whether all its lists are here, which are in `found` then."""
        keys = {field: (snapshot.snapshot_id, field, term) for field in found}
        if any(key not in self._kept for key in keys.values()):
            return False
        for field, key in keys.items():
            self._kept.move_to_end(key)
            found[field][term] = self._kept[key]
        return True

    def _keep(self, key: tuple[int, int, str], made: LiveList) -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = made
        self._bytes += _size(made) - (_size(before) if before else 0)
        while self._bytes > MAX_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(kept: LiveList) -> int:
    return kept.ordinals.nbytes + kept.saturated.nbytes + ENTRY_BYTES
