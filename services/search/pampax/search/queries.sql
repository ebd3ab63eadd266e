-- name: directory
-- Every file of (repository, build) with its document's place among the ordinals; the caller keeps the live ones.
-- OFFSET 0: one look into an index for each; a planner without statistics, as after a first run, would compare all with
-- all.
SELECT f.ordinal, f.path, f.blob_id, f.language, d.first_chunk, d.chunk_count, d.bytes AS size, d.functions
FROM file f CROSS JOIN LATERAL (
    SELECT d.first_chunk, d.chunk_count, d.bytes, d.functions FROM document d
    WHERE d.repository_id = %(repository)s AND d.build_id = %(build)s
      AND d.blob_id = f.blob_id AND d.language = f.language OFFSET 0) d
WHERE f.repository_id = %(repository)s AND f.build_id = %(build)s

-- name: directory_files
-- The same as `directory`, of the files with the given ordinals: after a refresh.
SELECT f.ordinal, f.path, f.blob_id, f.language, d.first_chunk, d.chunk_count, d.bytes AS size, d.functions
FROM file f CROSS JOIN LATERAL (
    SELECT d.first_chunk, d.chunk_count, d.bytes, d.functions FROM document d
    WHERE d.repository_id = %(repository)s AND d.build_id = %(build)s
      AND d.blob_id = f.blob_id AND d.language = f.language OFFSET 0) d
WHERE f.repository_id = %(repository)s AND f.build_id = %(build)s AND f.ordinal = ANY(%(ordinals)s)

-- name: is_there
-- One row while the snapshot is kept.
SELECT 1 AS there FROM snapshot WHERE snapshot_id = %(snapshot)s

-- name: postings
-- Packed lists of the asked terms, all segments, for words (field 0) and names (field 1).
SELECT field, term, entries FROM posting
WHERE repository_id = %(repository)s AND build_id = %(build)s AND field = ANY(%(fields)s) AND term = ANY(%(terms)s)
ORDER BY field, term, segment

-- name: definitions
-- Symbols with one of the asked names, whatever the case, then symbols that start in one of the asked chunks. Two
-- selects, because planning one with OR takes three times as long as both.
(SELECT chunk, name, kind, end_line - start_line + 1 AS lines, true AS asked FROM symbol
 WHERE repository_id = %(repository)s AND build_id = %(build)s AND folded = ANY(%(names)s)
 ORDER BY chunk, start_line, name LIMIT %(most)s)
UNION ALL
(SELECT chunk, name, kind, end_line - start_line + 1 AS lines, false AS asked FROM symbol
 WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk = ANY(%(chunks)s)
 ORDER BY chunk, start_line, name LIMIT %(most)s)

-- name: vector_table
-- The own vector table of (repository, build), null while its rows are in the shared one.
SELECT vector_table FROM repository_build WHERE repository_id = %(repository)s AND build_id = %(build)s

-- name: nearest
-- Nearest live rows by cosine among those of (repository, build), scanned exactly. `live` has one bit an ordinal, and is
-- null where the caller drops the dead ones.
SELECT ordinal, 1 - (embedding <=> %(vector)s::halfvec) AS similarity FROM chunk_vector
WHERE repository_id = %(repository)s AND build_id = %(build)s
  AND CASE WHEN ordinal < %(size)s THEN %(live)s::bytea IS NULL OR get_bit(%(live)s, ordinal) = 1 ELSE false END
ORDER BY embedding <=> %(vector)s::halfvec, ordinal LIMIT %(most)s

-- name: nearest_in_table
-- Nearest live rows by cosine in an own vector table, scanned exactly: the sum hides the index.
SELECT ordinal, 1 - (embedding <=> %(vector)s::halfvec) AS similarity FROM {table}
WHERE CASE WHEN ordinal < %(size)s THEN %(live)s::bytea IS NULL OR get_bit(%(live)s, ordinal) = 1 ELSE false END
ORDER BY (embedding <=> %(vector)s::halfvec) + 0, ordinal LIMIT %(most)s

-- name: nearest_by_index
-- Nearest rows by cosine in an own vector table, dead ones included, through its HNSW index.
SELECT ordinal, 1 - (embedding <=> %(vector)s::halfvec) AS similarity FROM {table}
ORDER BY embedding <=> %(vector)s::halfvec LIMIT %(most)s

-- name: set_ef_search
-- How many candidates HNSW keeps, in this transaction.
SELECT set_config('hnsw.ef_search', %(ef_search)s::text, true)

-- name: frame_chunks
-- Of each document, given by its range of chunks, the chunk that holds a line, or the last one before it.
SELECT asked.number::int, c.ordinal
FROM unnest(%(firsts)s::int[], %(ends)s::int[], %(lines)s::int[]) WITH ORDINALITY AS asked (first, past, line, number)
CROSS JOIN LATERAL (
    SELECT ordinal FROM chunk
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal >= asked.first AND ordinal < asked.past
      AND start_line <= asked.line
    ORDER BY ordinal DESC LIMIT 1) c

-- name: kinds
-- Kind of each of the given chunks.
SELECT ordinal, kind FROM chunk
WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal = ANY(%(ordinals)s)

-- name: passages
-- Places of the given chunks and the compressed content of the blobs that hold them; no rows once the snapshot is gone.
-- A search reads these last: while the snapshot is there, nothing that it shows can have gone from the parts before.
-- OFFSET 0: one look into an index for each, whatever the planner thinks of the tables.
SELECT c.ordinal, c.blob_id, c.language, c.start_line, c.end_line, c.kind, c.symbol, b.size, b.content
FROM unnest(%(ordinals)s::int[]) AS asked (ordinal)
CROSS JOIN LATERAL (
    SELECT ordinal, blob_id, language, start_line, end_line, kind, symbol FROM chunk
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal = asked.ordinal OFFSET 0) c
CROSS JOIN LATERAL (
    SELECT size, content FROM blob WHERE repository_id = %(repository)s AND blob_id = c.blob_id OFFSET 0) b
WHERE EXISTS (SELECT FROM snapshot WHERE snapshot_id = %(snapshot)s)

-- name: blob
-- Compressed content of one blob.
SELECT size, content FROM blob WHERE repository_id = %(repository)s AND blob_id = %(blob)s

-- name: documents
-- Every document of (repository, build) that has chunks; the caller keeps the live ones.
SELECT first_chunk FROM document
WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk_count > 0

-- name: grams
-- Bitmaps of some documents.
SELECT first_chunk, grams FROM document
WHERE repository_id = %(repository)s AND build_id = %(build)s AND first_chunk = ANY(%(documents)s)

-- name: contents
-- Compressed content of some blobs.
SELECT blob_id, size, content FROM blob WHERE repository_id = %(repository)s AND blob_id = ANY(%(blobs)s)

-- name: chunks
-- The chunks of documents, which are given by their ranges of ordinals.
SELECT asked.first, c.ordinal, c.start_line, c.kind
FROM unnest(%(firsts)s::int[], %(ends)s::int[]) AS asked (first, past)
CROSS JOIN LATERAL (
    SELECT ordinal, start_line, kind FROM chunk
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal >= asked.first AND ordinal < asked.past
    ORDER BY ordinal OFFSET 0) c
ORDER BY c.ordinal

-- name: chunk_with_id
-- Chunks with a public id (pampax.core.ids.chunk_id), dead ones included. No index leads there: one scan of the
-- repository's chunks, about a third of a microsecond each.
SELECT ordinal FROM chunk
WHERE repository_id = %(repository)s AND build_id = %(build)s AND substring(sha256(convert_to(encode(blob_id, 'hex'), 'UTF8')
    || '\x00'::bytea || convert_to(language, 'UTF8') || '\x00'::bytea || convert_to(start_line::text, 'UTF8')
    || '\x00'::bytea || convert_to(end_line::text, 'UTF8')) FROM 1 FOR 12) = %(id)s

-- name: main_symbols
-- Of each document, given by its range of chunks, the definitions that say the most about it, best first: those of its
-- top level, exported, long.
SELECT asked.first, s.name, s.kind, s.start_line
FROM unnest(%(firsts)s::int[], %(ends)s::int[]) AS asked (first, past)
CROSS JOIN LATERAL (
    SELECT left(qualified_name, 200) AS name, kind, start_line, row_number() OVER (
        ORDER BY qualified_name = symbol.name DESC, exported DESC, end_line - start_line DESC, start_line, symbol.name
    ) AS place
    FROM symbol
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk >= asked.first AND chunk < asked.past) s
WHERE s.place <= %(most)s
ORDER BY asked.first, s.place
