-- name: files_by_path
-- Files of (repository, build) with the given paths, dead ones included, and where their chunks are.
SELECT f.ordinal, f.path, f.blob_id, f.language, d.first_chunk, d.chunk_count, d.lines
FROM file f JOIN document d USING (repository_id, build_id, blob_id, language)
WHERE f.repository_id = %(repository)s AND f.build_id = %(build)s AND f.path_key = ANY(%(keys)s)
ORDER BY f.path COLLATE "C", f.ordinal

-- name: documents_of_chunks
-- The documents that hold the given chunks.
SELECT DISTINCT blob_id, language FROM chunk
WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal = ANY(%(chunks)s)

-- name: files_by_blob
-- Files with the given contents. No index leads there: one scan of the files, whatever the number of contents.
SELECT f.ordinal, f.path, f.blob_id, f.language, d.first_chunk, d.chunk_count, d.lines
FROM file f JOIN document d USING (repository_id, build_id, blob_id, language)
WHERE f.repository_id = %(repository)s AND f.build_id = %(build)s AND f.blob_id = ANY(%(blobs)s)
ORDER BY f.path COLLATE "C", f.ordinal

-- name: paths_of_tests
-- Every path that holds one of the two words without which it is no test's, with its ordinal. In the collation "C" it is
-- put into lower case in half the time.
SELECT ordinal, path FROM file
WHERE repository_id = %(repository)s AND build_id = %(build)s
  AND lower(path COLLATE "C") LIKE ANY ('{%%test%%,%%spec%%}')
ORDER BY path COLLATE "C", ordinal LIMIT %(most)s

-- name: paths
-- Every path of (repository, build) with its ordinal.
SELECT ordinal, path FROM file WHERE repository_id = %(repository)s AND build_id = %(build)s
ORDER BY path COLLATE "C" LIMIT %(most)s

-- name: chunks_in
-- Places of the chunks in the given ranges of ordinals. OFFSET 0: one look into an index for each range; a plan for any
-- ranges would read all rows of the repository.
SELECT c.ordinal, c.start_line, c.end_line, c.kind, c.symbol
FROM unnest(%(firsts)s::integer[], %(lasts)s::integer[]) AS range (first, last)
CROSS JOIN LATERAL (
    SELECT ordinal, start_line, end_line, kind, symbol FROM chunk
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal BETWEEN range.first AND range.last OFFSET 0
) c
ORDER BY c.ordinal

-- name: definitions_in
-- Definitions that start in the chunks of the given ranges of ordinals; OFFSET 0 as above.
SELECT s.chunk, s.name, s.qualified_name, s.kind, s.start_line, s.end_line, s.signature, s.doc
FROM unnest(%(firsts)s::integer[], %(lasts)s::integer[]) AS range (first, last)
CROSS JOIN LATERAL (
    SELECT chunk, name, qualified_name, kind, start_line, end_line, signature, doc FROM symbol
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk BETWEEN range.first AND range.last OFFSET 0
) s
ORDER BY s.chunk, s.start_line, s.end_line DESC, s.name COLLATE "C" LIMIT %(most)s

-- name: definitions_named
-- Definitions of the given names, the newest first and at most so many of each: more say nothing. Chunks of later
-- publishes do not count: what a snapshot answers stays what it was.
SELECT wanted.folded, s.chunk, s.name, s.qualified_name, s.kind, s.start_line, s.end_line, s.signature, s.doc
FROM unnest(%(names)s::text[]) AS wanted (folded)
JOIN LATERAL (
    SELECT * FROM symbol WHERE repository_id = %(repository)s AND build_id = %(build)s
                           AND symbol.folded = wanted.folded AND symbol.chunk < %(past)s
    ORDER BY chunk DESC LIMIT %(most)s
) s ON true
ORDER BY s.chunk, s.start_line, s.end_line DESC, s.name COLLATE "C"

-- name: blobs
-- Compressed content by blob id.
SELECT blob_id, size, content FROM blob WHERE repository_id = %(repository)s AND blob_id = ANY(%(blobs)s)
ORDER BY blob_id
