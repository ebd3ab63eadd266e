-- Repositories whose source is looked at regularly.

ALTER TABLE repository
    ADD COLUMN refresh_s integer NOT NULL DEFAULT 0 CHECK (refresh_s >= 0), -- between two looks; 0: never
    ADD COLUMN refresh_due_at timestamptz,               -- of the next look; NULL: never
    ADD COLUMN refresh_checked_at timestamptz,           -- of the last one
    ADD COLUMN refresh_failures integer NOT NULL DEFAULT 0, -- in a row
    ADD COLUMN refresh_error text NOT NULL DEFAULT '';   -- why the last one failed, one line
ALTER TABLE operation
    ADD COLUMN scheduled boolean NOT NULL DEFAULT false; -- asked for by such a look
CREATE INDEX repository_refresh_due ON repository (refresh_due_at) WHERE refresh_due_at IS NOT NULL;

CREATE POLICY definer_finds_due_repositories ON repository TO pampax_definer USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON repository TO pampax_definer;

-- Repositories of all tenants whose source is to be looked at now. Each is due again after `patience`, unless somebody
-- says otherwise before: who takes them may die over them. What one caller has taken the others pass over.
CREATE FUNCTION take_due_refreshes(most integer, patience interval)
RETURNS TABLE (repository_id bigint, tenant_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH due AS MATERIALIZED (  -- a plain subquery may be run again for each row and so take more than asked for
        SELECT d.repository_id FROM repository d WHERE d.refresh_due_at <= now()
        ORDER BY d.refresh_due_at, d.repository_id LIMIT most FOR UPDATE SKIP LOCKED)
    UPDATE repository r SET refresh_due_at = now() + patience FROM due WHERE r.repository_id = due.repository_id
    RETURNING r.repository_id, r.tenant_id
$$;

-- How that stands over all tenants, in numbers that belong to nobody: repositories that are looked at regularly, those of
-- which the last look failed, and for how long the one that should have been looked at first has waited.
CREATE FUNCTION refresh_state()
RETURNS TABLE (scheduled bigint, failing bigint, overdue_s float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*), count(*) FILTER (WHERE r.refresh_failures > 0),
           greatest(coalesce(extract(epoch FROM now() - min(r.refresh_due_at)), 0), 0)::float8
    FROM repository r WHERE r.refresh_due_at IS NOT NULL
$$;

GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;
ALTER FUNCTION take_due_refreshes(integer, interval) OWNER TO pampax_definer;
ALTER FUNCTION refresh_state() OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION take_due_refreshes(integer, interval), refresh_state() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_due_refreshes(integer, interval), refresh_state() TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
