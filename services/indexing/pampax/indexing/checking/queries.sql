-- What a check asks; but for its result it writes nothing. The tenant comes from the transaction's setting, never from a
-- parameter.

-- name: snapshot
-- What a ref shows, or with '' the ref that was published last.
SELECT s.snapshot_id, s.build_id, f.name AS ref, s.commit_id AS commit, b.version AS build, s.live_files, s.live_chunks,
       s.file_count, s.chunk_count, s.term_count, s.vectors
FROM ref f JOIN snapshot s ON s.snapshot_id = f.snapshot_id JOIN build b ON b.build_id = s.build_id
WHERE f.repository_id = %(repository_id)s AND (%(ref)s = '' OR f.name = %(ref)s)
ORDER BY f.published_at DESC, f.name COLLATE "C" DESC LIMIT 1;

-- name: files
-- Every file of the build with its document; the caller keeps the live ones.
SELECT f.ordinal, f.path, f.blob_id, f.language, d.first_chunk, d.chunk_count, d.lines, d.bytes AS size, d.term_count, d.problem,
       d.functions
FROM file f LEFT JOIN document d USING (repository_id, build_id, blob_id, language)
WHERE f.repository_id = %(repository_id)s AND f.build_id = %(build_id)s;

-- name: contents
-- Of some documents.
SELECT blob_id, size, content FROM blob WHERE repository_id = %(repository_id)s AND blob_id = ANY(%(blob_ids)s);

-- name: others
-- Of some documents.
SELECT d.blob_id, d.language, d.grams, d.uses
FROM document d JOIN unnest(%(blob_ids)s::bytea[], %(languages)s::text[]) AS w (blob_id, language)
    ON d.blob_id = w.blob_id AND d.language = w.language
WHERE d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s;

-- name: still_there
-- A row while the snapshot is there: then nothing that it shows can have gone from what was read with it.
SELECT rb.vector_table FROM snapshot s
JOIN repository_build rb ON rb.repository_id = s.repository_id AND rb.build_id = s.build_id
WHERE s.snapshot_id = %(snapshot_id)s;

-- name: chunks
-- Rows of some chunks, as a segment writes them.
SELECT ordinal, blob_id, language, start_line, end_line, kind, symbol FROM chunk
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND ordinal = ANY(%(ordinals)s) ORDER BY ordinal;

-- name: symbols
-- Rows of the symbols in some chunks, as a segment writes them.
SELECT chunk, name, folded, qualified_name, kind, start_line, end_line, signature, doc, exported FROM symbol
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND chunk = ANY(%(ordinals)s);

-- name: vectors
-- Of some chunks, while the build has no table of its own.
SELECT ordinal, embedding::real[] AS vector FROM chunk_vector
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND ordinal = ANY(%(ordinals)s);

-- name: own_vectors
-- The same from the build's own table.
SELECT ordinal, embedding::real[] AS vector FROM {vector_table} WHERE ordinal = ANY(%(ordinals)s);

-- name: lists
-- All segments' lists of some terms; one look into the index for each.
SELECT p.field, p.term, p.entries
FROM unnest(%(fields)s::smallint[], %(terms)s::text[]) AS w (field, term)
CROSS JOIN LATERAL (
    SELECT p.field, p.term, p.entries FROM posting p
    WHERE p.repository_id = %(repository_id)s AND p.build_id = %(build_id)s
      AND p.field = w.field AND p.term = w.term COLLATE "C" OFFSET 0) p;

-- name: lists_from
-- The next lists in the order of their key, from just after a term on.
SELECT field, term, entries FROM posting
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
  AND (field, term) > (%(field)s::smallint, %(term)s::text COLLATE "C")
ORDER BY field, term, segment LIMIT %(most)s;

-- name: nearest_in_table
-- Similarities of the nearest live chunks, scanned exactly: the sum hides the index.
SELECT 1 - (embedding <=> %(vector)s::halfvec) AS similarity FROM {vector_table}
WHERE CASE WHEN ordinal < %(size)s THEN get_bit(%(live)s::bytea, ordinal) = 1 ELSE false END
ORDER BY (embedding <=> %(vector)s::halfvec) + 0 LIMIT %(most)s;

-- name: vector_of
-- The stored vector of one chunk; it goes back as it came.
SELECT embedding::text AS vector FROM {vector_table} WHERE ordinal = %(ordinal)s;

-- name: nearest_by_index
-- The nearest chunks through the HNSW index, dead ones included.
SELECT ordinal, 1 - (embedding <=> %(vector)s::halfvec) AS similarity FROM {vector_table}
ORDER BY embedding <=> %(vector)s::halfvec LIMIT %(candidates)s;

-- name: set_ef_search
-- How many candidates HNSW keeps, in this transaction.
SELECT set_config('hnsw.ef_search', %(candidates)s::text, true);

-- name: known_differences
-- What the check before has found.
SELECT differences FROM index_check WHERE repository_id = %(repository_id)s;

-- name: keep_check
-- The result takes the place of the one before.
INSERT INTO index_check AS c (repository_id, ended_at, documents, differing, recall, differences)
VALUES (%(repository_id)s, clock_timestamp(), %(documents)s, %(differing)s, %(recall)s, %(differences)s)
ON CONFLICT (repository_id) DO UPDATE SET ended_at = excluded.ended_at, documents = excluded.documents,
    differing = excluded.differing, recall = excluded.recall, differences = excluded.differences;

-- name: take_due_check
-- A repository of any tenant whose turn it is to be checked; it counts as begun.
SELECT repository_id, tenant_id FROM take_due_check(%(every)s);

-- name: check_state
-- What the latest checks of all repositories have found, in numbers that belong to nobody.
SELECT documents, differing, recall, age_s FROM check_state();
