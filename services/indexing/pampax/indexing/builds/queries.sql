-- What is asked of builds. The tenant comes from the transaction's setting, never from a parameter.

-- name: builds
-- Builds of these repositories from just after one of them on, and who uses them. A snapshot that no ref shows is readable
-- for an hour, as drop_old_snapshots has it.
SELECT r.repository_id, r.name AS repository, b.build_id, b.version, used.refs, used.snapshots, used.readable,
       used.published_at,
       (SELECT count(*) FROM operation o
        WHERE o.repository_id = r.repository_id AND o.state IN ('queued', 'running')) AS open_operations
FROM repository_build rb
JOIN repository r ON r.repository_id = rb.repository_id
JOIN build b ON b.build_id = rb.build_id
CROSS JOIN LATERAL (
    SELECT count(*) AS snapshots, coalesce(sum(shown.refs), 0)::bigint AS refs,
           count(*) FILTER (WHERE shown.refs > 0
               OR coalesce(s.replaced_at, s.created_at) >= now() - interval '1 hour') AS readable,
           max(coalesce(shown.published_at, s.created_at)) AS published_at
    FROM snapshot s CROSS JOIN LATERAL (
        SELECT count(*) AS refs, max(f.published_at) AS published_at FROM ref f
        WHERE f.repository_id = s.repository_id AND f.snapshot_id = s.snapshot_id) shown
    WHERE s.repository_id = rb.repository_id AND s.build_id = rb.build_id) used
WHERE rb.repository_id = ANY(%(repository_ids)s)
  AND (r.name COLLATE "C", b.build_id) > (%(after_name)s::text COLLATE "C", %(after_build)s::integer)
ORDER BY r.name COLLATE "C", b.build_id LIMIT %(limit)s;

-- name: build_size
-- What one build of one repository holds. Read from the rows, with 24 bytes for what Postgres keeps of each beside its
-- columns; lists and vectors, nearly all of it, are not unpacked for that. Of an own vector table the index counts too.
SELECT f.files, c.chunks, (f.bytes + c.bytes + s.bytes + p.bytes + v.bytes + t.bytes)::bigint AS bytes
FROM (SELECT count(*) AS files, coalesce(sum(pg_column_size(path) + pg_column_size(language) + 24 + 65), 0) AS bytes
      FROM file WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s) f,
     (SELECT count(*) AS chunks,
             coalesce(sum(pg_column_size(language) + pg_column_size(kind) + pg_column_size(symbol) + 24 + 61), 0) AS bytes
      FROM chunk WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s) c,
     (SELECT coalesce(sum(pg_column_size(name) + pg_column_size(folded) + pg_column_size(qualified_name)
                          + pg_column_size(signature) + pg_column_size(doc) + 24 + 41), 0) AS bytes
      FROM symbol WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s) s,
     (SELECT coalesce(sum(pg_column_size(term) + pg_column_size(entries) + 24 + 34), 0) AS bytes
      FROM posting WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s) p,
     (SELECT coalesce(sum(pg_column_size(embedding) + 24 + 32), 0) AS bytes
      FROM chunk_vector WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s) v,
     (SELECT coalesce(max(pg_total_relation_size(to_regclass(quote_ident(vector_table)))), 0) AS bytes
      FROM repository_build WHERE repository_id = %(repository_id)s AND build_id = %(build_id)s) t;

-- name: delete_old_snapshots
-- Of one build that no ref shows and no search can be reading any more.
DELETE FROM snapshot s WHERE s.repository_id = %(repository_id)s AND s.build_id = %(build_id)s
  AND NOT EXISTS (SELECT FROM ref f WHERE f.repository_id = s.repository_id AND f.snapshot_id = s.snapshot_id);
