"""What a ref shows, read straight from the rows: equal for an incremental and a clean index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pampax.storage import bitmap, posting

Query = Callable[..., list[dict[str, Any]]]


def live(query: Query, repository_id: int, ref: str) -> dict[str, Any]:
    """The ref's snapshot, with its live ordinals."""
    (row,) = query(
        "SELECT s.*, b.vector_table FROM ref r JOIN snapshot s USING (snapshot_id)"
        " JOIN repository_build b ON b.repository_id = s.repository_id AND b.build_id = s.build_id"
        " WHERE r.repository_id = %s AND r.name = %s",
        [repository_id, ref],
    )
    chunks, files = bitmap.unpack(row["live_chunks"]), bitmap.unpack(row["live_files"])
    return {**row, "chunks": np.flatnonzero(chunks).tolist(), "files": np.flatnonzero(files).tolist()}


def content(query: Query, repository_id: int, ref: str) -> set[tuple[Any, ...]]:
    """Everything that the ref shows, without ordinals."""
    shown = live(query, repository_id, ref)
    key = [repository_id, shown["build_id"]]
    chunks = query(
        "SELECT * FROM chunk WHERE repository_id = %s AND build_id = %s AND ordinal = ANY(%s)", [*key, shown["chunks"]]
    )
    vectors = _vectors(query, shown)
    name = {c["ordinal"]: (c["blob_id"], c["language"], c["start_line"]) for c in chunks}
    assert sorted(name) == shown["chunks"], "a hole"
    found: set[tuple[Any, ...]] = {
        ("chunk", *name[c["ordinal"]], c["end_line"], c["kind"], c["symbol"], vectors.get(c["ordinal"])) for c in chunks
    }
    files = query(
        "SELECT f.*, encode(b.content, 'hex') AS content FROM file f JOIN blob b USING (repository_id, blob_id)"
        " WHERE repository_id = %s AND build_id = %s AND ordinal = ANY(%s)",
        [*key, shown["files"]],
    )
    assert sorted(f["ordinal"] for f in files) == shown["files"], "a file or its content is missing"
    found |= {("file", f["path"], f["blob_id"], f["language"]) for f in files}
    found |= {("blob", f["blob_id"], f["content"]) for f in files}
    for s in query("SELECT * FROM symbol WHERE repository_id = %s AND build_id = %s", key):
        if s["chunk"] in name:
            found.add(("symbol", *name[s["chunk"]], s["qualified_name"], s["start_line"], s["signature"]))
    for p in query("SELECT * FROM posting WHERE repository_id = %s AND build_id = %s", key):
        entries = posting.unpack(p["entries"])
        for ordinal, tf, length in zip(entries.ordinals, entries.tfs, entries.lengths, strict=True):
            if int(ordinal) in name:
                found.add(("posting", p["field"], p["term"], *name[int(ordinal)], int(tf), int(length)))
    found.add(("counts", shown["term_count"], shown["chunk_count"], shown["file_count"], str(shown["skipped"])))
    return found


def _vectors(query: Query, shown: dict[str, Any]) -> dict[int, str]:
    if shown["vector_table"] is not None:
        rows = query(f"SELECT ordinal, embedding::text AS vector FROM {shown['vector_table']}")
    else:
        rows = query(
            "SELECT ordinal, embedding::text AS vector FROM chunk_vector WHERE repository_id = %s AND build_id = %s",
            [shown["repository_id"], shown["build_id"]],
        )
    return {row["ordinal"]: row["vector"] for row in rows}
