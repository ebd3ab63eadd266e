-- What a plan asks; it writes nothing. The tenant comes from the transaction's setting, never from a parameter.

-- name: select_build
-- The id of a version; no row when no run has made it yet.
SELECT build_id FROM build WHERE version = %(version)s;

-- name: latest_build
-- The build of the ref that the repository has published last.
SELECT s.build_id FROM ref r JOIN snapshot s ON s.snapshot_id = r.snapshot_id
WHERE r.repository_id = %(repository_id)s ORDER BY r.published_at DESC, r.name COLLATE "C" DESC LIMIT 1;

-- name: known_contents
-- Which of these (blob, language) pairs are derived already, with their chunks.
SELECT d.blob_id, d.language, d.chunk_count AS chunks
FROM unnest(%(blob_ids)s::bytea[], %(languages)s::text[]) AS w (blob_id, language)
JOIN document d ON d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
               AND d.blob_id = w.blob_id AND d.language = w.language;

-- name: past_runs
-- The tenant's latest runs that derived anything: how long they took, waiting included, and what came of them.
SELECT extract(epoch FROM updated_at - created_at)::float8 AS seconds, (result ->> 'new_blobs')::integer AS new_blobs,
       (result -> 'status' ->> 'files')::integer AS files, (result -> 'status' ->> 'chunks')::integer AS chunks
FROM operation WHERE state = 'succeeded' AND (result ->> 'new_blobs')::integer > 0
ORDER BY created_at DESC LIMIT 20;
