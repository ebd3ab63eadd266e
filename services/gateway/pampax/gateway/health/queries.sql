-- name: database_connections
-- Connections of clients to the whole server, and how many it allows.
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
       current_setting('max_connections')::int AS most

-- name: index_state
-- The readable repositories whose index needs to be looked at; at most 5000 are examined, the first three are named.
WITH readable AS (
    SELECT r.repository_id, r.name FROM repository r
    WHERE EXISTS (SELECT FROM role_binding b WHERE b.principal_id = %(principal_id)s
                    AND (b.repository_id IS NULL OR b.repository_id = r.repository_id))
    ORDER BY r.repository_id LIMIT 5000
), examined AS (
    SELECT r.name, shown.build_id IS NOT NULL AS published, coalesce(last.state = 'failed', false) AS failed,
           coalesce(last.state IN ('queued', 'running') AND last.updated_at < now() - make_interval(secs => %(patience_s)s)
                    AND (last.lease_expires_at IS NULL OR last.lease_expires_at < now()), false) AS stalled,
           coalesce(shown.chunk_count > 0 AND shown.vectors AND shown.vector_table IS NULL AND NOT EXISTS (
               SELECT FROM chunk_vector v
               WHERE v.repository_id = r.repository_id AND v.build_id = shown.build_id), false) AS without_vectors
    FROM readable r
    LEFT JOIN LATERAL (SELECT o.state, o.updated_at, o.lease_expires_at FROM operation o
                       WHERE o.repository_id = r.repository_id
                       ORDER BY o.created_at DESC LIMIT 1) last ON true
    LEFT JOIN LATERAL (SELECT s.build_id, s.chunk_count, s.vectors, rb.vector_table FROM ref f
                       JOIN snapshot s ON s.snapshot_id = f.snapshot_id
                       LEFT JOIN repository_build rb
                              ON rb.repository_id = s.repository_id AND rb.build_id = s.build_id
                       WHERE f.repository_id = r.repository_id
                       ORDER BY f.published_at DESC LIMIT 1) shown ON true
)
SELECT count(*)::int AS repositories, count(*) FILTER (WHERE published)::int AS published,
       count(*) FILTER (WHERE failed)::int AS failed,
       (array_agg(name ORDER BY name) FILTER (WHERE failed))[1:3] AS failed_names,
       count(*) FILTER (WHERE stalled)::int AS stalled,
       (array_agg(name ORDER BY name) FILTER (WHERE stalled))[1:3] AS stalled_names,
       count(*) FILTER (WHERE without_vectors)::int AS without_vectors,
       (array_agg(name ORDER BY name) FILTER (WHERE without_vectors))[1:3] AS without_vectors_names
FROM examined
