-- What health is told by: the workers' heartbeats, and how long work waits.

-- A row for each worker process that runs operations, written every few seconds by the process itself. The same for all
-- tenants; of the operation that it runs it holds the id alone.
CREATE TABLE worker_heartbeat (
    worker_id    uuid PRIMARY KEY,               -- made anew by each process
    host         text NOT NULL,
    pid          integer NOT NULL,
    parent_pid   integer NOT NULL,               -- of the process that hands operations to it
    parent_seen_at timestamptz,                  -- when the parent was last seen to do something
    version      text NOT NULL,
    concurrency  integer NOT NULL,               -- how many such processes the parent wants
    operation_id uuid,                           -- the one it runs now
    resident_bytes bigint NOT NULL,
    memory_used_bytes bigint NOT NULL,
    memory_limit_bytes bigint NOT NULL,
    disk_free_bytes bigint NOT NULL,             -- where it keeps clones
    disk_total_bytes bigint NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON worker_heartbeat TO pampax_service;

-- The last operation of a repository is looked for by health and by lists.
CREATE INDEX operation_latest ON operation (repository_id, created_at DESC);

-- How the queue stands over all tenants, in numbers that belong to nobody: operations whose turn it is and that nobody
-- works on, how long the oldest of them has waited, those that are worked on, and those whose worker fell silent.
CREATE FUNCTION queue_state()
RETURNS TABLE (waiting bigint, oldest_waiting_s float8, running bigint, silent bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH next AS (  -- what comes after it in its repository does not wait for a worker
        SELECT DISTINCT ON (o.repository_id) o.state, o.updated_at, o.lease_expires_at,
               coalesce(o.lease_expires_at >= now(), false) AS held
        FROM operation o WHERE o.state IN ('queued', 'running')
        ORDER BY o.repository_id, o.created_at, o.operation_id)
    SELECT count(*) FILTER (WHERE NOT held),
           coalesce(extract(epoch FROM now() - min(updated_at) FILTER (WHERE NOT held)), 0)::float8,
           count(*) FILTER (WHERE held),
           count(*) FILTER (WHERE lease_expires_at < now())
    FROM next
$$;
GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;
ALTER FUNCTION queue_state() OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION queue_state() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue_state() TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
