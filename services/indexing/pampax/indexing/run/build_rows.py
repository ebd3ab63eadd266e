"""The end of a build: the statements that remove all rows of (repository, build), in their order.

Whoever runs them holds the counters of the place, and nothing may show it.
"""

from __future__ import annotations

from pampax.storage.queries import load_queries

_QUERIES = load_queries(__package__)

BUILD_DELETIONS = tuple(
    _QUERIES[name]
    for name in (
        "drop_vector_table", "delete_build_symbols", "delete_build_postings", "delete_build_vectors",
        "delete_build_chunks", "delete_build_files", "delete_build_documents", "delete_build_quarantine",
        "delete_build",
    )
)  # fmt: skip
