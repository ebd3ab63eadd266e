-- What a worker asks and writes. The tenant comes from the transaction's setting, never from a parameter. Rows arrive by
-- COPY in temporary tables (COPY into a table under row security is refused) and go on by INSERT ... SELECT.

-- Before -------------------------------------------------------------------------------------------------------------

-- name: select_repository
-- What to index.
SELECT repository_id, name, source_kind, source, include, exclude FROM repository
WHERE repository_id = %(repository_id)s;

-- name: select_upload
-- The tree that an upload brought; no row when it is gone.
SELECT ref, commit_id AS commit, dirty, manifest, skipped, history, history_whole FROM upload
WHERE upload_id = %(upload_id)s AND repository_id = %(repository_id)s;

-- name: select_result
-- What an earlier attempt of this operation has published already, and whether it should go on at all.
SELECT result, cancel_requested FROM operation WHERE operation_id = %(operation_id)s;

-- name: published_builds
-- The versions of the builds that the repository's refs show now.
SELECT DISTINCT b.version FROM ref r JOIN snapshot s ON s.snapshot_id = r.snapshot_id
JOIN build b ON b.build_id = s.build_id WHERE r.repository_id = %(repository_id)s;

-- name: insert_build
-- Builds are the same for all tenants.
INSERT INTO build (version) VALUES (%(version)s) ON CONFLICT DO NOTHING;

-- name: select_build
-- The id of a version.
SELECT build_id FROM build WHERE version = %(version)s;

-- name: insert_repository_build
-- The counters of (repository, build).
INSERT INTO repository_build (repository_id, build_id) VALUES (%(repository_id)s, %(build_id)s) ON CONFLICT DO NOTHING;

-- Reading content ----------------------------------------------------------------------------------------------------

-- name: create_wanted_file
-- The files of a tree, to be joined with what is known.
CREATE TEMP TABLE wanted_file (place int, path_key bytea, blob_id bytea) ON COMMIT DROP;

-- name: copy_wanted_file
-- Columns in the order of the rows.
COPY wanted_file FROM STDIN (FORMAT BINARY);

-- name: join_as_a_whole
-- Until the transaction ends. A planner without statistics of a repository, as after its first run, takes what is there
-- of it for one row: it would choose any index that names the repository, and compare all with all.
SELECT set_config('enable_nestloop', 'off', true);

-- name: known_files
-- Files that were indexed before under the same path, by the language that they were read as.
SELECT f.language, array_agg(w.place) AS places FROM wanted_file w
JOIN file f ON f.repository_id = %(repository_id)s AND f.build_id = %(build_id)s
           AND f.path_key = w.path_key AND f.blob_id = w.blob_id
JOIN document d ON d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
               AND d.blob_id = f.blob_id AND d.language = f.language
GROUP BY f.language;

-- name: known_documents
-- Which of these (blob, language) pairs are derived already. OFFSET 0: one look into the index for each.
SELECT w.blob_id, w.language FROM unnest(%(blob_ids)s::bytea[], %(languages)s::text[]) AS w (blob_id, language)
CROSS JOIN LATERAL (
    SELECT FROM document d
    WHERE d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
      AND d.blob_id = w.blob_id AND d.language = w.language OFFSET 0) d;

-- name: quarantined
-- Which of these (blob, language) pairs have broken a parser; one look into an index for each, as above.
SELECT w.blob_id, w.language, q.reason, q.by_lines
FROM unnest(%(blob_ids)s::bytea[], %(languages)s::text[]) AS w (blob_id, language)
CROSS JOIN LATERAL (
    SELECT q.reason, q.by_lines FROM quarantine q
    WHERE q.repository_id = %(repository_id)s AND q.build_id = %(build_id)s
      AND q.blob_id = w.blob_id AND q.language = w.language OFFSET 0) q;

-- name: quarantine
-- Content that has broken a parser.
INSERT INTO quarantine (repository_id, build_id, blob_id, language, path, reason, by_lines)
VALUES (%(repository_id)s, %(build_id)s, %(blob_id)s, %(language)s, %(path)s, %(reason)s, %(by_lines)s)
ON CONFLICT (repository_id, build_id, blob_id, language) DO UPDATE
SET path = excluded.path, reason = excluded.reason, by_lines = excluded.by_lines, created_at = now();

-- name: release_quarantine
-- Under every build.
DELETE FROM quarantine WHERE repository_id = %(repository_id)s;

-- name: make_full
-- Turns the operation into a full one when content that a snapshot shows is indexed as plain lines.
UPDATE operation o SET request = o.request || jsonb_build_object('full', (o.request ->> 'full')::boolean OR EXISTS (
    SELECT FROM document d WHERE d.repository_id = o.repository_id AND d.problem IS NOT NULL
       AND d.build_id IN (SELECT s.build_id FROM snapshot s WHERE s.repository_id = o.repository_id)))
WHERE o.operation_id = %(operation_id)s AND o.repository_id = %(repository_id)s
RETURNING (o.request ->> 'full')::boolean AS full;

-- name: select_blobs
-- Uploaded content.
SELECT blob_id, size, content FROM blob WHERE repository_id = %(repository_id)s AND blob_id = ANY(%(blob_ids)s);

-- Writing a segment --------------------------------------------------------------------------------------------------

-- name: allocate_segment
-- Chunk ordinals and a segment number; other writers of this build wait until the transaction ends.
UPDATE repository_build SET next_chunk = next_chunk + %(chunks)s, next_segment = next_segment + 1
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
RETURNING next_chunk - %(chunks)s AS first_chunk, next_segment - 1 AS segment, vector_table;

-- name: put_vectors_off
-- Whether chunks are without vectors: they are from now on, or another run has begun so.
UPDATE repository_build SET vectors_to = CASE WHEN %(begin)s THEN coalesce(vectors_to, next_chunk) ELSE vectors_to END
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
RETURNING vectors_to IS NOT NULL AS put_off;

-- name: create_segment_tables
-- Where COPY may write.
CREATE TEMP TABLE new_blob (blob_id bytea, size integer, content bytea) ON COMMIT DROP;
CREATE TEMP TABLE new_document (blob_id bytea, language text, first_chunk integer, chunk_count integer, lines integer,
    bytes integer, term_count integer, problem text, functions bytea, grams bytea, uses bytea) ON COMMIT DROP;
CREATE TEMP TABLE new_chunk (ordinal integer, blob_id bytea, language text, start_line integer, end_line integer,
    kind text, symbol text) ON COMMIT DROP;
CREATE TEMP TABLE new_symbol (chunk integer, name text, folded text, qualified_name text, kind text, start_line integer,
    end_line integer, signature text, doc text, exported boolean) ON COMMIT DROP;
CREATE TEMP TABLE new_posting (field smallint, term text, entries bytea) ON COMMIT DROP;

-- name: create_vector_rows
-- Where COPY may write.
CREATE TEMP TABLE new_vector (ordinal integer, embedding halfvec(256)) ON COMMIT DROP;

-- name: copy_new_blob
-- Columns in the order of the rows.
COPY new_blob FROM STDIN (FORMAT BINARY);

-- name: copy_new_document
-- Columns in the order of the rows.
COPY new_document FROM STDIN (FORMAT BINARY);

-- name: copy_new_chunk
-- Columns in the order of the rows.
COPY new_chunk FROM STDIN (FORMAT BINARY);

-- name: copy_new_symbol
-- Columns in the order of the rows.
COPY new_symbol FROM STDIN (FORMAT BINARY);

-- name: copy_new_posting
-- Columns in the order of the rows.
COPY new_posting FROM STDIN (FORMAT BINARY);

-- name: copy_new_vector
-- Columns in the order of the rows.
COPY new_vector FROM STDIN (FORMAT BINARY);

-- name: insert_new_blobs
-- A blob may be there already, for another language or build.
INSERT INTO blob (repository_id, blob_id, size, content)
SELECT %(repository_id)s, blob_id, size, content FROM new_blob ON CONFLICT DO NOTHING;

-- name: insert_new_documents
-- The documents of the segment.
INSERT INTO document (repository_id, build_id, blob_id, language, first_chunk, chunk_count, lines, bytes, term_count,
                      problem, functions, grams, uses)
SELECT %(repository_id)s, %(build_id)s, blob_id, language, first_chunk, chunk_count, lines, bytes, term_count, problem,
       functions, grams, uses FROM new_document;

-- name: insert_new_chunks
-- The chunks of the segment.
INSERT INTO chunk (repository_id, build_id, ordinal, blob_id, language, start_line, end_line, kind, symbol)
SELECT %(repository_id)s, %(build_id)s, ordinal, blob_id, language, start_line, end_line, kind, symbol FROM new_chunk;

-- name: insert_new_symbols
-- The symbols of the segment.
INSERT INTO symbol (repository_id, build_id, chunk, name, folded, qualified_name, kind, start_line, end_line, signature,
                    doc, exported)
SELECT %(repository_id)s, %(build_id)s, chunk, name, folded, qualified_name, kind, start_line, end_line, signature, doc,
       exported FROM new_symbol;

-- name: insert_new_postings
-- The packed lists of the segment.
INSERT INTO posting (repository_id, build_id, field, term, segment, entries)
SELECT %(repository_id)s, %(build_id)s, field, term, %(segment)s, entries FROM new_posting;

-- name: insert_new_vectors
-- While the build has no table of its own. Some that follow later may be there, by a worker that knows nothing of that.
INSERT INTO chunk_vector (repository_id, build_id, ordinal, embedding)
SELECT %(repository_id)s, %(build_id)s, ordinal, embedding FROM new_vector ON CONFLICT DO NOTHING;

-- name: insert_own_vectors
-- Into the build's own table.
INSERT INTO {vector_table} (ordinal, embedding) SELECT ordinal, embedding FROM new_vector ON CONFLICT DO NOTHING;

-- Vectors that follow ------------------------------------------------------------------------------------------------

-- name: vectors_to
-- From which chunk on there are no vectors yet; NULL when all have theirs.
SELECT vectors_to FROM repository_build WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: hold_vectors
-- The same, and where vectors are; other writers of this build wait until the transaction ends.
SELECT vectors_to, vector_table FROM repository_build
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s FOR UPDATE;

-- name: move_vectors
-- Into a table of their own, which further ones go to as well. It has no index so far.
SELECT move_vectors(%(repository_id)s, %(build_id)s) AS vector_table;

-- name: documents_without_vectors
-- In the order of their chunks.
SELECT first_chunk, chunk_count, bytes FROM document
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND first_chunk >= %(vectors_to)s
ORDER BY first_chunk;

-- name: chunks_without_vectors
-- Where a range of chunks lies in which content.
SELECT ordinal, blob_id, start_line, end_line, kind, symbol FROM chunk
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
  AND ordinal >= %(first)s AND ordinal < %(end)s
ORDER BY ordinal;

-- name: have_vectors_to
-- NULL when all have.
UPDATE repository_build SET vectors_to = %(vectors_to)s
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- Publishing ---------------------------------------------------------------------------------------------------------

-- name: create_tree_file
-- The files of the tree that is published.
CREATE TEMP TABLE tree_file (path_key bytea, path text, blob_id bytea, language text) ON COMMIT DROP;

-- name: copy_tree_file
-- Columns in the order of the rows.
COPY tree_file FROM STDIN (FORMAT BINARY);

-- name: analyze_tree_file
-- Without it the planner takes a tree of 100,000 files for a handful.
ANALYZE tree_file;

-- name: allocate_files
-- File ordinals for those that (repository, build) has not seen yet.
UPDATE repository_build SET next_file = next_file + (
    SELECT count(*) FROM tree_file t WHERE NOT EXISTS (
        SELECT FROM file f WHERE f.repository_id = %(repository_id)s AND f.build_id = %(build_id)s
                             AND f.path_key = t.path_key AND f.blob_id = t.blob_id AND f.language = t.language))
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
RETURNING next_file, vectors_to;

-- name: insert_tree_files
-- Those files, numbered by path up to the allocated end.
INSERT INTO file (repository_id, build_id, ordinal, path, path_key, blob_id, language)
SELECT %(repository_id)s, %(build_id)s, %(next_file)s - row_number() OVER (ORDER BY t.path COLLATE "C" DESC), t.path,
       t.path_key, t.blob_id, t.language
FROM tree_file t WHERE NOT EXISTS (
    SELECT FROM file f WHERE f.repository_id = %(repository_id)s AND f.build_id = %(build_id)s
                         AND f.path_key = t.path_key AND f.blob_id = t.blob_id AND f.language = t.language);

-- name: live_files
-- The ordinals of the tree's files, ascending.
SELECT coalesce(array_agg(f.ordinal ORDER BY f.ordinal), '{}') AS ordinals FROM tree_file t
JOIN file f ON f.repository_id = %(repository_id)s AND f.build_id = %(build_id)s
           AND f.path_key = t.path_key AND f.blob_id = t.blob_id AND f.language = t.language;

-- name: live_documents
-- The chunk ranges of the tree's documents, each once, by their first chunks ascending.
SELECT coalesce(array_agg(d.first_chunk ORDER BY d.first_chunk), '{}') AS first_chunks,
       coalesce(array_agg(d.chunk_count ORDER BY d.first_chunk), '{}') AS chunk_counts,
       coalesce(sum(d.term_count), 0)::bigint AS term_count, count(*) FILTER (WHERE d.first_chunk IS NULL) AS missing
FROM (SELECT DISTINCT blob_id, language FROM tree_file) t
LEFT JOIN document d ON d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
                    AND d.blob_id = t.blob_id AND d.language = t.language;

-- name: problems
-- Files that plain line chunks had to do for, and how many there are.
SELECT t.path, d.problem AS reason, count(*) OVER () AS total FROM tree_file t
JOIN document d ON d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
               AND d.blob_id = t.blob_id AND d.language = t.language
WHERE d.problem IS NOT NULL ORDER BY t.path COLLATE "C" LIMIT %(limit)s;

-- name: published_at
-- When the ref was published last.
SELECT published_at FROM ref WHERE repository_id = %(repository_id)s AND name = %(ref)s;

-- name: keep_result
-- What is published, so that a later attempt only tidies up.
UPDATE operation SET result = %(result)s, updated_at = now() WHERE operation_id = %(operation_id)s;

-- name: delete_upload
-- A tree that is published needs no manifest.
DELETE FROM upload WHERE upload_id = %(upload_id)s;

-- name: release_lease
-- Lets the reaper hand the operation to somebody else at once; an attempt that a shutdown ended does not count.
UPDATE operation SET lease_expires_at = clock_timestamp() - interval '1 second', enqueued_at = NULL,
    attempts = attempts - %(forgiven)s
WHERE operation_id = %(operation_id)s AND lease_token = %(token)s AND state = 'running';

-- Afterwards ---------------------------------------------------------------------------------------------------------

-- name: select_counters
-- How large (repository, build) has grown.
SELECT next_segment, vector_table, gone_vectors FROM repository_build
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: hold_counters
-- Other writers of this build wait until the transaction ends.
SELECT FROM repository_build WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s FOR UPDATE;

-- name: index_vectors
-- Gives their own table its HNSW index; false when it has one.
SELECT index_vectors(%(repository_id)s, %(build_id)s) AS made;

-- name: forget_gone_vectors
-- The index is as good as new.
UPDATE repository_build SET gone_vectors = 0 WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: count_gone_vectors
-- How many rows the own vector table has lost since its index was built.
UPDATE repository_build SET gone_vectors = gone_vectors + %(gone)s
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: renew_vector_index
-- Another HNSW index in the place of the one that has lost much; readers go on with the old one meanwhile.
SELECT renew_vector_index(%(repository_id)s, %(build_id)s);

-- name: scattered_terms
-- The next terms with more than a few lists, in the order of the key, and of each the lists that are put together: all of
-- them when they are too many for a reader, else the small ones. NULL where those are few.
WITH scattered AS MATERIALIZED (
    SELECT field, term, count(*) AS lists FROM posting
    WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
      AND (field, term) > (%(field)s::smallint, %(term)s::text COLLATE "C")
    GROUP BY field, term HAVING count(*) > %(few)s ORDER BY field, term LIMIT %(at_once)s)
SELECT s.field, s.term, p.segments, p.lists
FROM scattered s LEFT JOIN LATERAL (
    SELECT array_agg(p.segment ORDER BY p.segment) AS segments, array_agg(p.entries ORDER BY p.segment) AS lists
    FROM posting p
    WHERE p.repository_id = %(repository_id)s AND p.build_id = %(build_id)s AND p.field = s.field AND p.term = s.term
      AND (s.lists > %(most)s OR octet_length(p.entries) <= %(small)s)
    HAVING count(*) > %(few)s) p ON true
ORDER BY s.field, s.term;

-- name: unused_builds
-- Builds of the repository that no snapshot shows, not even one that a search may still be reading.
SELECT rb.build_id FROM repository_build rb
WHERE rb.repository_id = %(repository_id)s AND rb.build_id <> %(build_id)s
  AND NOT EXISTS (SELECT FROM snapshot s WHERE s.repository_id = rb.repository_id AND s.build_id = rb.build_id);

-- name: drop_vector_table
-- Nothing happens when the build has none.
SELECT drop_vector_table(%(repository_id)s, %(build_id)s);

-- name: delete_build_symbols
-- All derived rows of (repository, build).
DELETE FROM symbol WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_build_postings
-- All derived rows of (repository, build).
DELETE FROM posting WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_build_vectors
-- All derived rows of (repository, build).
DELETE FROM chunk_vector WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_build_chunks
-- All derived rows of (repository, build).
DELETE FROM chunk WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: refresh_statistics
-- For the planner, where the repository's rows are.
SELECT refresh_statistics(%(repository_id)s);

-- name: refresh_vector_statistics
-- For the planner, of the own vector table.
SELECT refresh_vector_statistics(%(repository_id)s, %(build_id)s);

-- name: delete_build_documents
-- All derived rows of (repository, build).
DELETE FROM document WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_build_quarantine
-- Another build tries all content.
DELETE FROM quarantine WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_build_files
-- All derived rows of (repository, build).
DELETE FROM file WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_build
-- The counters go last: other writers wait on them.
DELETE FROM repository_build WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_expired_uploads
-- Uploads that nobody finished. An operation that has waited long may still need its own.
DELETE FROM upload u WHERE u.repository_id = %(repository_id)s AND u.expires_at < now()
  AND NOT EXISTS (SELECT FROM operation o WHERE o.repository_id = u.repository_id AND o.state IN ('queued', 'running')
                                            AND o.request ->> 'upload' = u.upload_id::text);

-- name: unused_blobs
-- Content that no document was made of, older than an upload can be (see upload.expires_at).
SELECT b.blob_id FROM blob b
WHERE b.repository_id = %(repository_id)s AND b.created_at < now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM document d WHERE d.repository_id = b.repository_id AND d.blob_id = b.blob_id)
LIMIT %(most)s;

-- name: lock_repository
-- Stronger than what a new upload's foreign key needs: it waits, and then sees what is left.
SELECT FROM repository WHERE repository_id = %(repository_id)s FOR UPDATE;

-- name: select_uploads
-- All that are there, expired or not.
SELECT upload_id FROM upload WHERE repository_id = %(repository_id)s;

-- name: select_manifest
-- One at a time: a manifest may have twelve megabytes.
SELECT manifest FROM upload WHERE upload_id = %(upload_id)s;

-- name: delete_blobs
-- The documents are looked for again, because the list is from before the lock.
DELETE FROM blob b WHERE b.repository_id = %(repository_id)s AND b.blob_id = ANY(%(blob_ids)s)
  AND NOT EXISTS (SELECT FROM document d WHERE d.repository_id = b.repository_id AND d.blob_id = b.blob_id);

-- name: delete_old_operations
-- Those that have ended, but for the newest.
DELETE FROM operation WHERE operation_id IN (
    SELECT operation_id FROM operation
    WHERE repository_id = %(repository_id)s AND state IN ('succeeded', 'failed', 'cancelled')
    ORDER BY created_at DESC, operation_id DESC OFFSET %(kept)s);

-- name: existing_repositories
-- Which of these repositories the tenant has.
SELECT repository_id FROM repository WHERE repository_id = ANY(%(repository_ids)s::bigint[]);

-- Collection ---------------------------------------------------------------------------------------------------------

-- name: due_collections
-- Builds of the repository where old content was not looked for lately; NULL stands for at once and wholly.
SELECT build_id, collected_at IS NULL AS wholly FROM repository_build
WHERE repository_id = %(repository_id)s
  AND (collected_at IS NULL OR collected_at <= now() - make_interval(secs => %(every_s)s))
ORDER BY build_id;

-- name: hold_for_collection
-- Writers and publishes of this build wait until the transaction ends.
SELECT next_chunk, vector_table, dead_chunks FROM repository_build
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s FOR UPDATE;

-- name: shown_files
-- What each snapshot shows, those included that a search may still be reading.
SELECT live_files FROM snapshot WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: delete_dead_files
-- Some of the files that no snapshot shows. `shown` has one bit an ordinal.
DELETE FROM file
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND ordinal = ANY(ARRAY(
    SELECT ordinal FROM file WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
       AND CASE WHEN ordinal < %(size)s THEN get_bit(%(shown)s::bytea, ordinal) = 0 ELSE true END
    LIMIT %(most)s));

-- name: dead_documents
-- Some of the documents that no file row points to. EXCEPT, because its plan is never a loop over both tables.
SELECT d.blob_id, d.language, d.first_chunk, d.chunk_count
FROM (SELECT blob_id, language FROM document WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
      EXCEPT SELECT blob_id, language FROM file WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
      LIMIT %(most)s) dead
JOIN document d ON d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
               AND d.blob_id = dead.blob_id AND d.language = dead.language;

-- name: delete_dead_vectors
-- Of chunks whose documents go, while the build has no table of its own.
DELETE FROM chunk_vector
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND ordinal = ANY(%(ordinals)s::integer[]);

-- name: delete_own_vectors
-- The same in the build's own table.
DELETE FROM {vector_table} WHERE ordinal = ANY(%(ordinals)s::integer[]);

-- name: delete_dead_symbols
-- Of chunks whose documents go.
DELETE FROM symbol
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND chunk = ANY(%(ordinals)s::integer[]);

-- name: delete_dead_chunks
-- Chunks whose documents go.
DELETE FROM chunk
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND ordinal = ANY(%(ordinals)s::integer[]);

-- name: delete_dead_documents
-- Those whose chunks are gone.
DELETE FROM document d USING unnest(%(blob_ids)s::bytea[], %(languages)s::text[]) AS dead (blob_id, language)
WHERE d.repository_id = %(repository_id)s AND d.build_id = %(build_id)s
  AND d.blob_id = dead.blob_id AND d.language = dead.language;

-- name: delete_dead_quarantine
-- Of documents that are gone.
DELETE FROM quarantine q USING unnest(%(blob_ids)s::bytea[], %(languages)s::text[]) AS dead (blob_id, language)
WHERE q.repository_id = %(repository_id)s AND q.build_id = %(build_id)s
  AND q.blob_id = dead.blob_id AND q.language = dead.language;

-- name: forget_quarantine
-- Content that has no document tells nothing of where it is from: it goes when a ref has gone, and is tried once more
-- where another ref shows it.
DELETE FROM quarantine WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s AND NOT by_lines;

-- name: count_dead_chunks
-- How many chunks that are gone the posting lists still name.
UPDATE repository_build SET dead_chunks = greatest(dead_chunks + %(dead)s, 0)
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: document_ranges
-- The chunks of every document.
SELECT first_chunk, chunk_count FROM document
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;

-- name: posting_lists
-- Lists in the order of their key, from just after one of them on.
SELECT field, term, segment, entries FROM posting
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s
  AND (field, term, segment) > (%(field)s::smallint, %(term)s::text, %(segment)s::integer)
ORDER BY field, term, segment LIMIT %(most)s;

-- name: create_rewritten_posting
-- Where COPY may write.
CREATE TEMP TABLE rewritten_posting (field smallint, term text, segment integer, entries bytea) ON COMMIT DROP;

-- name: copy_rewritten_posting
-- Columns in the order of the rows.
COPY rewritten_posting FROM STDIN (FORMAT BINARY);

-- name: analyze_rewritten
-- Without it the planner may read all lists of the partition for a handful.
ANALYZE rewritten_posting;

-- name: delete_emptied
-- Lists of which nothing is left.
DELETE FROM posting p USING rewritten_posting r
WHERE p.repository_id = %(repository_id)s AND p.build_id = %(build_id)s
  AND p.field = r.field AND p.term = r.term AND p.segment = r.segment AND r.entries = ''::bytea;

-- name: update_rewritten
-- The others, without what is gone.
UPDATE posting p SET entries = r.entries FROM rewritten_posting r
WHERE p.repository_id = %(repository_id)s AND p.build_id = %(build_id)s
  AND p.field = r.field AND p.term = r.term AND p.segment = r.segment AND r.entries <> ''::bytea;

-- name: mark_collected
-- Not due again for a while.
UPDATE repository_build SET collected_at = now()
WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s;
