"""Which chunks and files a snapshot shows. Apart from `snapshots`, whose users need no arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pampax.core.errors import Aborted
from pampax.storage import bitmap
from pampax.storage.queries import load_queries
from pampax.storage.session import Connection
from pampax.storage.snapshots import SNAPSHOT_REPLACED

_BITMAPS = load_queries(__package__)["snapshot_bitmaps"]


async def load_bitmaps(conn: Connection, snapshot_id: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks over chunk and file ordinals. Aborted when the snapshot was replaced so long ago that it is gone."""
    row = await (await conn.execute(_BITMAPS, {"snapshot_id": snapshot_id})).fetchone()
    if row is None:
        raise Aborted("the snapshot was replaced by newer ones meanwhile; ask again", reason=SNAPSHOT_REPLACED)
    return bitmap.unpack(row["live_chunks"]), bitmap.unpack(row["live_files"])
