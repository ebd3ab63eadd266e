-- name: directory
-- Every file of (repository, build) with its document's place among the ordinals; the caller keeps the live ones.
SELECT f.ordinal, f.path, f.blob_id, f.language, d.first_chunk, d.chunk_count, d.bytes
FROM file f JOIN document d USING (repository_id, build_id, blob_id, language)
WHERE f.repository_id = %(repository)s AND f.build_id = %(build)s

-- name: postings
-- Packed lists of the asked terms, all segments, for words (field 0) and names (field 1).
SELECT field, term, entries FROM posting
WHERE repository_id = %(repository)s AND build_id = %(build)s AND field = ANY(%(fields)s) AND term = ANY(%(terms)s)
ORDER BY field, term, segment

-- name: definitions_by_name
-- Symbols whose name is one of the asked, whatever the case.
SELECT chunk, name, qualified_name, kind, start_line, end_line, signature, exported FROM symbol
WHERE repository_id = %(repository)s AND build_id = %(build)s AND folded = ANY(%(names)s)
ORDER BY chunk, start_line LIMIT %(most)s

-- name: definitions_in_chunks
-- Symbols that start in the asked chunks.
SELECT chunk, name, qualified_name, kind, start_line, end_line, signature, exported FROM symbol
WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk = ANY(%(chunks)s)
ORDER BY chunk, start_line LIMIT %(most)s

-- name: nearest_scanned
-- Nearest rows by cosine among all rows of (repository, build), scanned exactly.
SELECT ordinal, 1 - (embedding <=> %(query)s::halfvec) AS similarity FROM chunk_vector
WHERE repository_id = %(repository)s AND build_id = %(build)s
ORDER BY embedding <=> %(query)s::halfvec, ordinal LIMIT %(most)s

-- name: nearest_among
-- Nearest rows by cosine among the given ordinals, scanned exactly.
SELECT ordinal, 1 - (embedding <=> %(query)s::halfvec) AS similarity FROM chunk_vector
WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal = ANY(%(ordinals)s)
ORDER BY embedding <=> %(query)s::halfvec, ordinal LIMIT %(most)s

-- name: nearest_indexed
-- Nearest rows by cosine in an own vector table, through its HNSW index.
SELECT ordinal, 1 - (embedding <=> %(query)s::halfvec) AS similarity FROM {table}
ORDER BY embedding <=> %(query)s::halfvec LIMIT %(most)s

-- name: nearest_indexed_among
-- Nearest rows by cosine in an own vector table among the given ordinals, scanned exactly: the sum hides the index.
SELECT ordinal, 1 - (embedding <=> %(query)s::halfvec) AS similarity FROM {table}
WHERE ordinal = ANY(%(ordinals)s)
ORDER BY (embedding <=> %(query)s::halfvec) + 0, ordinal LIMIT %(most)s

-- name: chunks
-- Places of the given ordinals.
SELECT ordinal, blob_id, language, start_line, end_line, kind, symbol FROM chunk
WHERE repository_id = %(repository)s AND build_id = %(build)s AND ordinal = ANY(%(ordinals)s)

-- name: blobs
-- Compressed content by blob id.
SELECT blob_id, size, content FROM blob WHERE repository_id = %(repository)s AND blob_id = ANY(%(blobs)s)
