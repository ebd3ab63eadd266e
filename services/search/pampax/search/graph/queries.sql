-- name: uses
-- What the code of some documents uses. OFFSET 0: one look into an index for each.
SELECT d.first_chunk, d.lines, d.uses
FROM unnest(%(blobs)s::bytea[], %(languages)s::text[]) AS asked (blob_id, language)
CROSS JOIN LATERAL (
    SELECT first_chunk, lines, uses FROM document
    WHERE repository_id = %(repository)s AND build_id = %(build)s
      AND blob_id = asked.blob_id AND language = asked.language OFFSET 0) d

-- name: recorded
-- What SCIP indexes say of some files.
SELECT s.blob_id, s.path_key, s.links
FROM unnest(%(blobs)s::bytea[], %(paths)s::bytea[]) AS asked (blob_id, path_key)
CROSS JOIN LATERAL (
    SELECT blob_id, path_key, links FROM scip_file
    WHERE repository_id = %(repository)s AND blob_id = asked.blob_id AND path_key = asked.path_key OFFSET 0) s

-- name: symbols_in
-- Definitions in documents, which are given by their ranges of ordinals.
SELECT asked.first, s.name, s.qualified_name, s.kind, s.start_line, s.end_line, s.signature, s.exported
FROM unnest(%(firsts)s::int[], %(ends)s::int[]) AS asked (first, past)
CROSS JOIN LATERAL (
    SELECT name, qualified_name, kind, start_line, end_line, signature, exported FROM symbol
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk >= asked.first AND chunk < asked.past
    OFFSET 0) s
ORDER BY asked.first, s.start_line, s.end_line DESC, s.name

-- name: symbols_named
-- Definitions of some names in lower case, so many of each at most, the newest first.
SELECT s.chunk, s.name, s.qualified_name, s.kind, s.start_line, s.end_line, s.signature, s.exported
FROM unnest(%(names)s::text[]) AS asked (folded)
CROSS JOIN LATERAL (
    SELECT chunk, name, qualified_name, kind, start_line, end_line, signature, exported FROM symbol
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND folded = asked.folded
    ORDER BY chunk DESC, start_line, name LIMIT %(most)s) s

-- name: names_like
-- Names of definitions in lower case between two, for the nearest one to a wrong one.
SELECT DISTINCT folded FROM symbol
WHERE repository_id = %(repository)s AND build_id = %(build)s AND folded >= %(begin)s AND folded < %(past)s
ORDER BY folded LIMIT %(most)s

-- name: types_in
-- Types that documents define, which are given by their ranges of ordinals.
SELECT asked.first, s.qualified_name
FROM unnest(%(firsts)s::int[], %(ends)s::int[]) AS asked (first, past)
CROSS JOIN LATERAL (
    SELECT qualified_name FROM symbol
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND chunk >= asked.first AND chunk < asked.past
      AND kind = 'type' OFFSET 0) s
ORDER BY asked.first, s.qualified_name
LIMIT %(most)s

-- name: imports
-- What the code of some documents uses, by first chunk.
SELECT first_chunk, uses FROM document
WHERE repository_id = %(repository)s AND build_id = %(build)s AND first_chunk = ANY(%(documents)s)
