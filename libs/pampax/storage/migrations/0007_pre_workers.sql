-- What workers keep: how far and how fast a run is, whose turn is first, what parsers broke on, why a worker ended a run.

ALTER TABLE operation
    ADD COLUMN rate double precision NOT NULL DEFAULT 0, -- files of this stage a second; 0 while unknown
    ADD COLUMN remaining_s double precision,             -- of this stage; NULL while unknown
    ADD COLUMN error_count integer NOT NULL DEFAULT 0,   -- files with a problem so far
    ADD COLUMN trouble text NOT NULL DEFAULT '',         -- why a worker ended itself over it, the last time
    -- Its turn is created_at + yields: what is asked for within that time after it goes first. 0 for those that somebody
    -- waits for, minutes for bulk, which is so never passed for ever.
    ADD COLUMN yields interval NOT NULL DEFAULT '0 s';

-- Content that broke a parser, as one language under one build: it is not tried again there.
CREATE TABLE quarantine (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL REFERENCES build,
    blob_id       bytea NOT NULL,
    language      text NOT NULL,
    tenant_id     uuid NOT NULL DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid,
    path          text NOT NULL,                 -- where it was met
    reason        text NOT NULL,                 -- timeout, crash, memory, killed, output
    by_lines      boolean NOT NULL,              -- indexed as plain lines; otherwise not at all
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, build_id, blob_id, language),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON quarantine
    USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON quarantine TO pampax_service;

GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;

-- As before, those whose turn is first in front; `urgent` when that turn has come.
DROP FUNCTION take_due_operations(integer, interval);
CREATE FUNCTION take_due_operations(most integer, patience interval)
RETURNS TABLE (operation_id uuid, tenant_id uuid, urgent boolean)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH due AS MATERIALIZED (  -- a plain subquery may be run again for each row and so take more than asked for
        SELECT d.operation_id FROM operation d
        WHERE d.state IN ('queued', 'running')
          AND (d.lease_expires_at IS NULL OR d.lease_expires_at < now())
          AND (d.enqueued_at IS NULL OR d.enqueued_at < now() - patience)
        ORDER BY d.created_at + d.yields, d.operation_id LIMIT most FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE operation o SET enqueued_at = now() FROM due WHERE o.operation_id = due.operation_id
        RETURNING o.operation_id, o.tenant_id, o.created_at + o.yields AS turn_at)
    SELECT t.operation_id, t.tenant_id, t.turn_at <= now() FROM taken t ORDER BY t.turn_at, t.operation_id
$$;
ALTER FUNCTION take_due_operations(integer, interval) OWNER TO pampax_definer;

-- As before, in the order of turns.
CREATE OR REPLACE FUNCTION queue_state()
RETURNS TABLE (waiting bigint, oldest_waiting_s float8, running bigint, silent bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH next AS (  -- what comes after it in its repository does not wait for a worker
        SELECT DISTINCT ON (o.repository_id) o.state, o.updated_at, o.lease_expires_at,
               coalesce(o.lease_expires_at >= now(), false) AS held
        FROM operation o WHERE o.state IN ('queued', 'running')
        ORDER BY o.repository_id, coalesce(o.lease_expires_at >= now(), false) DESC, o.created_at + o.yields,
                 o.operation_id)
    SELECT count(*) FILTER (WHERE NOT held),
           coalesce(extract(epoch FROM now() - min(updated_at) FILTER (WHERE NOT held)), 0)::float8,
           count(*) FILTER (WHERE held),
           count(*) FILTER (WHERE lease_expires_at < now())
    FROM next
$$;

-- How long what nobody works on has waited, by priority, over all tenants.
CREATE FUNCTION queue_priorities()
RETURNS TABLE (priority text, waiting bigint, oldest_waiting_s float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.name, count(o.operation_id), coalesce(extract(epoch FROM now() - min(o.created_at)), 0)::float8
    FROM (VALUES ('interactive', false), ('bulk', true)) AS p (name, yielding)
    LEFT JOIN operation o ON o.state IN ('queued', 'running') AND (o.yields > '0 s') = p.yielding
                         AND coalesce(o.lease_expires_at < now(), true)
    GROUP BY p.name
$$;
ALTER FUNCTION queue_priorities() OWNER TO pampax_definer;

REVOKE ALL ON FUNCTION take_due_operations(integer, interval), queue_priorities() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_due_operations(integer, interval), queue_priorities() TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
