"""How many of the exact neighbours the vector index of a large build finds: asked for chunks of the snapshot itself."""

from __future__ import annotations

import math
import random

import numpy as np
from psycopg.rows import tuple_row

from pampax.indexing.checking.model import Recall
from pampax.indexing.checking.postgres import own
from pampax.indexing.checking.snapshot import StoredSnapshot
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection
from pampax.storage.vector_index import candidates

QUERIES = 20
NEIGHBOURS = 10
WANTED = 256  # as many as the search asks for
# Equal vectors have equal similarities, but for how they were added up.
CLOSE = 1e-6

_QUERIES = load_queries(__package__)
_SET_EF_SEARCH = _QUERIES["set_ef_search"]
_VECTOR_OF = _QUERIES["vector_of"]
_EXACTLY = _QUERIES["nearest_in_table"]
_BY_INDEX = _QUERIES["nearest_by_index"]


class Asked:
    """Questions about one snapshot; `recall` is None before one was answered."""

    def __init__(self, shown: StoredSnapshot, dice: random.Random) -> None:
        live = np.flatnonzero(shown.live_chunks).tolist()
        self.ordinals: list[int] = dice.sample(live, min(QUERIES, len(live)))
        self._shown = shown
        self._shares: list[float] = []

    @property
    def recall(self) -> Recall | None:
        return Recall(len(self._shares), sum(self._shares) / len(self._shares)) if self._shares else None

    def ask(self, conn: SyncConnection, table: str, ordinal: int) -> None:
        """A chunk without any known word has no direction, and is not asked for."""
        live = self._shown.live_chunks
        with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
            row = cursor.execute(own(_VECTOR_OF, table), {"ordinal": ordinal}).fetchone()
            if row is None:
                return
            packed = np.packbits(live, bitorder="little").tobytes()  # get_bit counts from the lowest
            asked = {"vector": row[0], "live": packed, "size": len(live), "most": NEIGHBOURS}
            exact = [similarity for (similarity,) in cursor.execute(own(_EXACTLY, table), asked)]
            count = candidates(WANTED, len(live), int(live.sum()))
            cursor.execute(_SET_EF_SEARCH, {"candidates": count})
            rows = cursor.execute(own(_BY_INDEX, table), {"vector": row[0], "candidates": count}).fetchall()
        if not exact or math.isnan(exact[0]):
            return
        found = [similarity for at, similarity in rows if at < len(live) and live[at]][:NEIGHBOURS]
        self._shares.append(sum(similarity >= exact[-1] - CLOSE for similarity in found) / len(exact))
