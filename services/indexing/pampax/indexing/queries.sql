-- What the gRPC service asks. The tenant comes from the transaction's setting, never from a parameter.

-- name: insert_repository
-- Creates a repository; no row when the name is taken.
INSERT INTO repository (name, source_kind, source, include, exclude)
VALUES (%(name)s, %(source_kind)s, %(source)s, %(include)s, %(exclude)s)
ON CONFLICT (tenant_id, name) DO NOTHING
RETURNING repository_id;

-- name: select_repositories
-- The rows of these repositories, by name.
SELECT repository_id, name, source_kind, source, include, exclude, created_at
FROM repository WHERE repository_id = ANY(%(repository_ids)s) ORDER BY name COLLATE "C";

-- name: select_refs
-- What is published of these repositories.
SELECT r.repository_id, r.name AS ref, s.commit_id AS commit, s.dirty, r.generation, b.version AS build, r.published_at,
       s.file_count AS files, s.chunk_count AS chunks, s.skipped
FROM ref r JOIN snapshot s ON s.snapshot_id = r.snapshot_id JOIN build b ON b.build_id = s.build_id
WHERE r.repository_id = ANY(%(repository_ids)s) ORDER BY r.repository_id, r.name COLLATE "C";

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

-- name: hold_repository
-- Makes equal requests for one repository wait for one another.
SELECT FROM repository WHERE repository_id = %(repository_id)s FOR NO KEY UPDATE;

-- name: find_waiting_operation
-- The operation that an equal request made and nobody has begun.
SELECT operation_id, repository_name, request, state, stage, done, total, errors, result, error, corr_id, created_at,
       updated_at
FROM operation
WHERE repository_id = %(repository_id)s AND state = 'queued' AND NOT cancel_requested AND request = %(request)s
ORDER BY created_at LIMIT 1;

-- name: insert_operation
-- Puts a request into the queue.
INSERT INTO operation (operation_id, repository_id, repository_name, request, corr_id, traceparent)
VALUES (%(operation_id)s, %(repository_id)s, %(repository_name)s, %(request)s, %(corr_id)s, %(traceparent)s)
RETURNING operation_id, repository_name, request, state, stage, done, total, errors, result, error, corr_id, created_at,
          updated_at;

-- name: mark_enqueued
-- Keeps the reaper from sending it again at once.
UPDATE operation SET enqueued_at = now() WHERE operation_id = %(operation_id)s AND state = 'queued';

-- name: select_operation
-- One operation.
SELECT operation_id, repository_name, request, state, stage, done, total, errors, result, error,
       corr_id, created_at, updated_at
FROM operation WHERE operation_id = %(operation_id)s;

-- name: select_operations
-- Newest first; operations of one instant by id.
SELECT operation_id, repository_name, request, state, stage, done, total, errors, result, error, corr_id, created_at,
       updated_at
FROM operation
WHERE repository_id = ANY(%(repository_ids)s)
  AND (%(before)s::timestamptz IS NULL OR (created_at, operation_id) < (%(before)s, %(before_id)s))
ORDER BY created_at DESC, operation_id DESC LIMIT %(limit)s;

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
INSERT INTO upload (upload_id, repository_id, ref, commit_id, dirty, manifest, skipped)
VALUES (%(upload_id)s, %(repository_id)s, %(ref)s, %(commit)s, %(dirty)s, %(manifest)s, %(skipped)s)
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

-- name: take_due_operations
-- Operations of all tenants that nobody works on and nobody sent lately; they count as sent now.
SELECT operation_id, tenant_id FROM take_due_operations(%(most)s, %(patience)s);
