-- The regular look at sources. The tenant comes from the transaction's setting.

-- name: take_due_refreshes
-- Repositories of all tenants that are due; nobody else gets them for a while.
SELECT repository_id, tenant_id FROM take_due_refreshes(%(most)s, %(patience)s);

-- name: select_scheduled
-- The repository, unless somebody has ended its schedule or deleted it.
SELECT repository_id, name, source_kind, source, include, exclude, refresh_s, refresh_failures
FROM repository WHERE repository_id = %(repository_id)s AND refresh_due_at IS NOT NULL;

-- name: select_published
-- Its refs, and when the last run of each was asked for that has succeeded.
SELECT r.name AS ref, s.commit_id AS commit, s.dirty, r.generation, b.version AS build, r.published_at,
       s.file_count AS files, s.chunk_count AS chunks, s.skipped,
       (SELECT max(o.created_at) FROM operation o WHERE o.repository_id = r.repository_id AND o.state = 'succeeded'
          AND o.result -> 'status' ->> 'ref' = r.name) AS begun_at
FROM ref r JOIN snapshot s ON s.snapshot_id = r.snapshot_id JOIN build b ON b.build_id = s.build_id
WHERE r.repository_id = %(repository_id)s ORDER BY r.published_at DESC, r.name COLLATE "C" LIMIT %(most)s;

-- name: last_scheduled
-- Whether a run that a look has started still goes on, and why the last one failed if nothing was published since.
SELECT coalesce(bool_or(o.state IN ('queued', 'running')), false) AS open,
       (array_agg(o.error ->> 'message' ORDER BY o.created_at DESC) FILTER (
           WHERE o.state IN ('succeeded', 'failed') AND o.updated_at > coalesce(
               (SELECT max(r.published_at) FROM ref r WHERE r.repository_id = %(repository_id)s), '-infinity')))[1] AS error
FROM operation o WHERE o.repository_id = %(repository_id)s AND o.scheduled;

-- name: insert_scheduled
-- A run of one ref, as bulk work, unless an equal one waits. The reaper hands it to a worker.
INSERT INTO operation (operation_id, repository_id, repository_name, request, yields, corr_id, scheduled)
SELECT %(operation_id)s, %(repository_id)s, %(name)s, %(request)s, %(yields)s, %(corr_id)s, true
WHERE NOT EXISTS (SELECT FROM operation o WHERE o.repository_id = %(repository_id)s AND o.state = 'queued'
                    AND NOT o.cancel_requested AND o.request = %(request)s);

-- name: looked
-- What came of a look, and when the next one is due; a schedule that was changed meanwhile stays as it is.
UPDATE repository SET refresh_checked_at = now(), refresh_failures = %(failures)s, refresh_error = %(error)s,
    refresh_due_at = now() + make_interval(secs => %(pause_s)s)
WHERE repository_id = %(repository_id)s AND refresh_s = %(interval_s)s AND refresh_due_at IS NOT NULL;
