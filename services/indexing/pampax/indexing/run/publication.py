"""The transaction in which readers pass from the old tree to the new one."""

from __future__ import annotations

from pampax.indexing.model import MAX_LISTED_PROBLEMS, IndexResult, RefState
from pampax.indexing.run import postgres
from pampax.indexing.run.intake import Intake
from pampax.indexing.run.postgres import LiveRows, Place
from pampax.indexing.run.tree import Tree
from pampax.storage.operations import Lease
from pampax.storage.publishing import PublishRequest, publish
from pampax.storage.session import SyncConnection


def publish_tree(
    conn: SyncConnection, lease: Lease, place: Place, version: str, tree: Tree, intake: Intake
) -> IndexResult:
    """Publishes the tree's ref and keeps the result in the operation's row, both or neither.

    May follow itself after a commit that was not heard of: it then returns what that one has published.
    """
    kept = postgres.kept_result(conn, lease.operation_id)
    if kept is not None:
        return kept
    live = postgres.live_rows(conn, place, intake.files)
    by_lines, by_lines_count = postgres.problems(conn, place)
    missing = sorted(intake.problems, key=lambda problem: problem.path)
    published = publish(conn, _request(place, tree, intake, live), lease=lease)
    moment = postgres.published_at(conn, place.repository_id, tree.ref)
    status = RefState(
        ref=tree.ref,
        commit=tree.commit,
        dirty=tree.dirty,
        generation=published.generation,
        build=version,
        published_at=moment,
        files=len(live.files),
        chunks=len(live.chunks),
        skipped=dict(intake.skipped),
        pending_vectors=live.pending_vectors,
    )
    result = IndexResult(
        status,
        intake.new_blobs,
        published.changed,
        (*missing, *by_lines)[:MAX_LISTED_PROBLEMS],
        error_count=len(missing) + by_lines_count,
        missing_count=len(missing),
    )
    postgres.keep_result(conn, lease.operation_id, result)
    return result


def _request(place: Place, tree: Tree, intake: Intake, live: LiveRows) -> PublishRequest:
    return PublishRequest(
        repository_id=place.repository_id,
        build_id=place.build_id,
        ref=tree.ref,
        commit=tree.commit,
        dirty=tree.dirty,
        live_chunks=live.chunks,
        live_files=live.files,
        term_count=live.term_count,
        skipped=dict(intake.skipped),
        vectors=live.pending_vectors == 0,
    )
