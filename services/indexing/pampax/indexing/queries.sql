-- What the gRPC service asks. The tenant comes from the transaction's setting, never from a parameter.

-- name: insert_repository
-- Creates a repository; no row when the name is taken.
INSERT INTO repository (name, source_kind, source, include, exclude)
VALUES (%(name)s, %(source_kind)s, %(source)s, %(include)s, %(exclude)s)
ON CONFLICT (tenant_id, name) DO NOTHING
RETURNING repository_id;

-- name: select_repositories
-- The rows of these repositories, by name.
SELECT r.repository_id, r.name, r.source_kind, r.source, r.include, r.exclude, r.created_at,
       r.refresh_s, r.refresh_due_at, r.refresh_checked_at, r.refresh_failures, r.refresh_error,
       c.kind AS credential_kind, c.set_at AS credential_set_at, c.fingerprint AS credential_fingerprint
FROM repository r LEFT JOIN git_credential c ON c.repository_id = r.repository_id
WHERE r.repository_id = ANY(%(repository_ids)s) ORDER BY r.name COLLATE "C";

-- name: select_refs
-- What is published of these repositories.
SELECT r.repository_id, r.name AS ref, s.commit_id AS commit, s.dirty, r.generation, b.version AS build, r.published_at,
       s.file_count AS files, s.chunk_count AS chunks, s.skipped,
       CASE WHEN NOT s.vectors THEN s.live_chunks END AS without_vectors, coalesce(rb.vectors_to, 0) AS vectors_to
FROM ref r JOIN snapshot s ON s.snapshot_id = r.snapshot_id JOIN build b ON b.build_id = s.build_id
LEFT JOIN repository_build rb ON rb.repository_id = s.repository_id AND rb.build_id = s.build_id
WHERE r.repository_id = ANY(%(repository_ids)s) ORDER BY r.repository_id, r.name COLLATE "C";

-- name: set_refresh
-- The first look comes an interval from now, give or take a tenth; a new interval forgets how the old one went.
UPDATE repository SET refresh_s = %(interval_s)s, refresh_failures = 0, refresh_error = '',
    refresh_due_at = CASE WHEN %(interval_s)s > 0 THEN now() + make_interval(secs => %(interval_s)s * (0.9 + random() / 5)) END
WHERE repository_id = %(repository_id)s;

-- name: lock_builds
-- Waits for workers that write for this repository. Whoever needs several locks takes them in this order:
-- repository_build, repository, operation.
SELECT build_id FROM repository_build WHERE repository_id = %(repository_id)s ORDER BY build_id FOR UPDATE;

-- name: lock_repository
-- No row when somebody else has deleted it meanwhile.
SELECT repository_id FROM repository WHERE repository_id = %(repository_id)s FOR UPDATE;

-- name: drop_vector_tables
-- Drops the repository's own vector tables.
SELECT drop_vector_table(repository_id, build_id) FROM repository_build
WHERE repository_id = %(repository_id)s AND vector_table IS NOT NULL;

-- name: delete_chunks
-- Derived rows have no foreign key, which would cost each insert a look-up.
DELETE FROM chunk WHERE repository_id = %(repository_id)s;

-- name: delete_symbols
-- See delete_chunks.
DELETE FROM symbol WHERE repository_id = %(repository_id)s;

-- name: delete_postings
-- See delete_chunks.
DELETE FROM posting WHERE repository_id = %(repository_id)s;

-- name: delete_vectors
-- See delete_chunks; an own vector table is dropped instead.
DELETE FROM chunk_vector WHERE repository_id = %(repository_id)s;

-- name: delete_refs
-- Before the snapshots that they point to.
DELETE FROM ref WHERE repository_id = %(repository_id)s;

-- name: delete_repository
-- The rest goes with the row.
DELETE FROM repository WHERE repository_id = %(repository_id)s;

-- name: delete_ref
-- No row when there is no such ref.
DELETE FROM ref WHERE repository_id = %(repository_id)s AND name = %(ref)s RETURNING snapshot_id;

-- name: delete_unshown_snapshots
-- At once: what a deleted ref has shown is not to be found by a search under way either.
DELETE FROM snapshot s WHERE s.repository_id = %(repository_id)s
  AND NOT EXISTS (SELECT FROM ref f WHERE f.repository_id = s.repository_id AND f.snapshot_id = s.snapshot_id);

-- name: delete_unshown_histories
-- Of commits that no snapshot shows.
DELETE FROM commit_history h WHERE h.repository_id = %(repository_id)s
  AND NOT EXISTS (SELECT FROM snapshot s WHERE s.repository_id = h.repository_id AND s.commit_id = h.commit_id);

-- name: collect_soon
-- The next run looks for old content, however lately another has, and leaves no trace of it.
UPDATE repository_build SET collected_at = NULL WHERE repository_id = %(repository_id)s;

-- name: nothing_left
-- A row when no ref is left and no operation is open that may count on rows that are there.
SELECT FROM repository r WHERE r.repository_id = %(repository_id)s
  AND NOT EXISTS (SELECT FROM ref f WHERE f.repository_id = r.repository_id)
  AND NOT EXISTS (SELECT FROM operation o WHERE o.repository_id = r.repository_id AND o.state IN ('queued', 'running'));

-- name: delete_files
-- Of a repository that no ref is left of.
DELETE FROM file WHERE repository_id = %(repository_id)s;

-- name: delete_documents
-- Of a repository that no ref is left of.
DELETE FROM document WHERE repository_id = %(repository_id)s;

-- name: delete_contents
-- Of a repository that no ref is left of. A client that has begun an upload was told what it need not send.
DELETE FROM blob b WHERE b.repository_id = %(repository_id)s
  AND NOT EXISTS (SELECT FROM upload u WHERE u.repository_id = b.repository_id);

-- name: delete_quarantine
-- Of a repository that no ref is left of.
DELETE FROM quarantine WHERE repository_id = %(repository_id)s;

-- name: forget_dead_chunks
-- No posting list is left to name them, no chunk to wait for a vector, and no vector table to have lost any.
UPDATE repository_build SET dead_chunks = 0, gone_vectors = 0, vectors_to = NULL WHERE repository_id = %(repository_id)s;

-- name: notify_deleted
-- Tells listeners when, and only when, the transaction commits.
SELECT pg_notify(%(channel)s, %(payload)s);

-- name: hold_repository
-- Makes equal requests for one repository wait for one another.
SELECT FROM repository WHERE repository_id = %(repository_id)s FOR NO KEY UPDATE;

-- name: join_waiting_operation
-- The operation that an equal request made and nobody has begun, with the earlier turn of the two.
WITH found AS (
    SELECT operation_id, yields FROM operation
    WHERE repository_id = %(repository_id)s AND state = 'queued' AND NOT cancel_requested
      AND request = %(request)s
    ORDER BY created_at + yields, operation_id LIMIT 1)
UPDATE operation o SET yields = least(o.yields, %(yields)s) FROM found WHERE o.operation_id = found.operation_id
RETURNING o.operation_id, o.repository_name, o.request, o.state, o.stage, o.done, o.total, o.errors, o.result, o.error,
          o.corr_id, o.created_at, o.updated_at, o.rate, o.remaining_s, o.error_count, o.yields,
          o.yields < found.yields AS hastened;

-- name: insert_operation
-- Puts a request into the queue.
INSERT INTO operation (operation_id, repository_id, repository_name, request, yields, corr_id, traceparent)
VALUES (%(operation_id)s, %(repository_id)s, %(repository_name)s, %(request)s, %(yields)s, %(corr_id)s, %(traceparent)s)
RETURNING operation_id, repository_name, request, state, stage, done, total, errors, result, error, corr_id, created_at,
          updated_at, rate, remaining_s, error_count, yields;

-- name: mark_enqueued
-- Keeps the reaper from sending it again at once.
UPDATE operation SET enqueued_at = now() WHERE operation_id = %(operation_id)s AND state = 'queued';

-- name: select_operation
-- One operation.
SELECT operation_id, repository_name, request, state, stage, done, total, errors, result, error,
       corr_id, created_at, updated_at, rate, remaining_s, error_count, yields
FROM operation WHERE operation_id = %(operation_id)s;

-- name: select_operations
-- Newest first; operations of one instant by id.
SELECT operation_id, repository_name, request, state, stage, done, total, errors, result, error, corr_id, created_at,
       updated_at, rate, remaining_s, error_count, yields
FROM operation
WHERE repository_id = ANY(%(repository_ids)s)
  AND (%(before)s::timestamptz IS NULL OR (created_at, operation_id) < (%(before)s, %(before_id)s))
ORDER BY created_at DESC, operation_id DESC LIMIT %(limit)s;

-- name: last_run_begun
-- When the latest run of a ref was asked for that has succeeded: what changed later may not be in the index.
SELECT max(created_at) AS begun_at FROM operation
WHERE repository_id = %(repository_id)s AND state = 'succeeded' AND result -> 'status' ->> 'ref' = %(ref)s;

-- name: cancel_operation
-- One that waits ends here; one that runs is told, and its worker ends it within seconds.
UPDATE operation SET cancel_requested = true, updated_at = now(),
    state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
    stage = CASE state WHEN 'queued' THEN 'cancelled' ELSE stage END,
    error = CASE state WHEN 'queued' THEN %(error)s ELSE error END
WHERE operation_id = %(operation_id)s AND state IN ('queued', 'running');

-- name: delete_expired_uploads
-- Uploads that nobody finished. An operation that has waited long may still need its own.
DELETE FROM upload u WHERE u.repository_id = %(repository_id)s AND u.expires_at < now()
  AND NOT EXISTS (SELECT FROM operation o WHERE o.repository_id = u.repository_id AND o.state IN ('queued', 'running')
                                            AND o.request ->> 'upload' = u.upload_id::text);

-- name: insert_upload
-- Opens an upload.
INSERT INTO upload (upload_id, repository_id, ref, commit_id, dirty, manifest, skipped, history, history_whole)
VALUES (%(upload_id)s, %(repository_id)s, %(ref)s, %(commit)s, %(dirty)s, %(manifest)s, %(skipped)s, %(history)s,
        %(history_whole)s)
RETURNING expires_at;

-- name: select_upload
-- No row when it has expired.
SELECT upload_id, repository_id, ref, manifest FROM upload WHERE upload_id = %(upload_id)s AND expires_at > now();

-- name: missing_blobs
-- Which of these blobs the repository lacks. Ids go in and come out joined: an array of half a million costs seconds.
SELECT coalesce(string_agg(wanted.blob_id, ''::bytea ORDER BY wanted.blob_id), ''::bytea) AS missing
FROM (SELECT substring(%(blob_ids)s::bytea FROM i * 20 + 1 FOR 20) AS blob_id
      FROM generate_series(0, length(%(blob_ids)s::bytea) / 20 - 1) AS i) AS wanted
WHERE NOT EXISTS (SELECT FROM blob b WHERE b.repository_id = %(repository_id)s AND b.blob_id = wanted.blob_id);

-- name: insert_blob
-- Content that is there already stays as it is.
INSERT INTO blob (repository_id, blob_id, size, content)
VALUES (%(repository_id)s, %(blob_id)s, %(size)s, %(content)s)
ON CONFLICT DO NOTHING;

-- name: is_published
-- A row when the ref is published; any when it is "".
SELECT FROM ref WHERE repository_id = %(repository_id)s AND (%(ref)s = '' OR name = %(ref)s) LIMIT 1;

-- name: select_quarantine
-- What broke a parser under the builds that refs show, and how many there are.
SELECT path, blob_id, language, reason, by_lines, created_at, count(*) OVER () AS total FROM quarantine
WHERE repository_id = %(repository_id)s AND build_id IN (
    SELECT s.build_id FROM ref r JOIN snapshot s ON s.snapshot_id = r.snapshot_id
    WHERE r.repository_id = %(repository_id)s)
ORDER BY path COLLATE "C" LIMIT %(most)s;

-- name: take_due_operations
-- Operations of all tenants that nobody works on and nobody sent lately; they count as sent now.
SELECT operation_id, tenant_id, urgent FROM take_due_operations(%(most)s, %(patience)s);

-- name: refresh_state
-- How the regular looks at sources stand, over all tenants.
SELECT scheduled, failing, overdue_s FROM refresh_state();
