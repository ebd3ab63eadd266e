-- What is asked of files that a SCIP index tells of. The tenant comes from the transaction's setting, never from a parameter.

-- name: published_files
-- Files of (repository, build) at some paths, live or not, with what is known of their documents but the content.
SELECT f.ordinal, f.path, f.blob_id, d.first_chunk, d.chunk_count
FROM unnest(%(paths)s::bytea[]) AS asked (path_key)
CROSS JOIN LATERAL (
    SELECT ordinal, path, blob_id, language FROM file
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND path_key = asked.path_key OFFSET 0) f
CROSS JOIN LATERAL (
    SELECT first_chunk, chunk_count FROM document
    WHERE repository_id = %(repository)s AND build_id = %(build)s
      AND blob_id = f.blob_id AND language = f.language OFFSET 0) d;

-- name: contents
-- Content and uses of documents, by their first chunks.
SELECT d.first_chunk, d.uses, b.size, b.content
FROM document d JOIN blob b ON b.repository_id = d.repository_id AND b.blob_id = d.blob_id
WHERE d.repository_id = %(repository)s AND d.build_id = %(build)s
  AND d.blob_id = ANY(%(blobs)s) AND d.first_chunk = ANY(%(firsts)s);

-- name: symbols_in
-- Definitions in documents, which are given by their ranges of ordinals.
SELECT asked.first, s.name, s.qualified_name, s.start_line, s.end_line
FROM unnest(%(firsts)s::int[], %(ends)s::int[]) AS asked (first, past)
CROSS JOIN LATERAL (
    SELECT name, qualified_name, start_line, end_line FROM symbol
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk >= asked.first AND chunk < asked.past
    OFFSET 0) s;

-- name: save_file
-- In place of what an earlier index said. No row where the content has been collected meanwhile.
INSERT INTO scip_file (repository_id, blob_id, path_key, links)
SELECT %(repository)s, %(blob)s, %(path)s, %(links)s
FROM (SELECT FROM blob WHERE repository_id = %(repository)s AND blob_id = %(blob)s FOR KEY SHARE) AS still_there
ON CONFLICT (repository_id, blob_id, path_key) DO UPDATE SET links = excluded.links, created_at = now();
