-- Care of what is stored: self-checks and what they found, when a vector index is due for another, vacuum of hot tables.

-- The latest self-check of each repository, see pampax.indexing.checking.
CREATE TABLE index_check (
    repository_id bigint PRIMARY KEY,
    tenant_id     uuid NOT NULL DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid,
    begun_at      timestamptz NOT NULL DEFAULT clock_timestamp(), -- when it was handed out, or asked for, the last time
    ended_at      timestamptz,                   -- when the last one came to an end; NULL before the first
    documents     integer NOT NULL DEFAULT 0,    -- that were compared
    differing     integer NOT NULL DEFAULT 0,    -- of them, and 1 more when the snapshot itself is wrong
    recall        real,                          -- of the vector index; NULL without one
    differences   jsonb NOT NULL DEFAULT '[]',   -- [[path, [part, ...]], ...]: looked at first by the next check
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
ALTER TABLE index_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE index_check FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON index_check
    USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid));
CREATE POLICY definer_hands_out_checks ON index_check TO pampax_definer USING (true) WITH CHECK (true);
CREATE POLICY definer_finds_refs ON ref FOR SELECT TO pampax_definer USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON index_check TO pampax_service;
GRANT SELECT, INSERT, UPDATE ON index_check TO pampax_definer;
GRANT SELECT ON ref TO pampax_definer;

-- The repository whose last check is the longest ago, when none was begun in the whole system for `every`; it counts as
-- begun. One replica at a time: the others find nothing due.
CREATE FUNCTION take_due_check(every interval) RETURNS TABLE (repository_id bigint, tenant_id uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('pampax.check', 0)) THEN RETURN; END IF;
    IF EXISTS (SELECT FROM index_check c WHERE c.begun_at > now() - every) THEN RETURN; END IF;
    RETURN QUERY
        INSERT INTO index_check AS c (repository_id, tenant_id, begun_at)
        SELECT r.repository_id, r.tenant_id, now()
        FROM (SELECT DISTINCT f.repository_id, f.tenant_id FROM ref f) r
        LEFT JOIN index_check last ON last.repository_id = r.repository_id
        ORDER BY last.begun_at NULLS FIRST, r.repository_id LIMIT 1
        ON CONFLICT ON CONSTRAINT index_check_pkey DO UPDATE SET begun_at = excluded.begun_at
        RETURNING c.repository_id, c.tenant_id;
END $$;

-- What the latest checks have found over all tenants, in numbers that belong to nobody.
CREATE FUNCTION check_state() RETURNS TABLE (documents bigint, differing bigint, recall float8, age_s float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(c.documents), 0)::bigint, coalesce(sum(c.differing), 0)::bigint, min(c.recall)::float8,
           extract(epoch FROM now() - max(c.ended_at))::float8
    FROM index_check c
$$;

-- HNSW keeps deleted rows in its graph until a vacuum mends it, and a mended graph finds less than one built anew.
ALTER TABLE repository_build
    ADD COLUMN gone_vectors integer NOT NULL DEFAULT 0; -- rows deleted from the own vector table since its index was built

-- Builds the index of an own vector table anew beside the old one, which readers go on with: they wait only for the
-- moment in which one takes the other's place. Writers of the table wait. The caller's tenant setting holds inside.
CREATE FUNCTION renew_vector_index(repository bigint, build integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text;
    old text;
BEGIN
    PERFORM set_config('lock_timeout', '10s', true);  -- who comes after us waits as well, while we wait for a reader
    SELECT rb.vector_table INTO name FROM repository_build rb
    WHERE rb.repository_id = repository AND rb.build_id = build FOR UPDATE;
    IF name IS NULL THEN RETURN; END IF;
    SELECT i.indexrelid::regclass::text INTO old
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE i.indrelid = name::regclass AND a.amname = 'hnsw';
    IF old IS NULL THEN RETURN; END IF;  -- its rows are still to come
    PERFORM make_vector_index(name);
    EXECUTE format('DROP INDEX %s', old);
    UPDATE repository_build rb SET gone_vectors = 0 WHERE rb.repository_id = repository AND rb.build_id = build;
END $$;

GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;
ALTER FUNCTION take_due_check(interval) OWNER TO pampax_definer;
ALTER FUNCTION check_state() OWNER TO pampax_definer;
ALTER FUNCTION renew_vector_index(bigint, integer) OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION take_due_check(interval), check_state(), renew_vector_index(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_due_check(interval), check_state(), renew_vector_index(bigint, integer) TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;

-- Vacuum ---------------------------------------------------------------------------------------------------------------

-- By default a table is vacuumed when a fifth of it has changed and analysed at a tenth. Derived rows of one repository are a
-- small part of a partition that others share, and what a collection deletes must be room again before the next run
-- writes; insertions alone are worth a vacuum as well, because index-only scans and the freeze wait for it.
DO $$
DECLARE part record;
BEGIN
    FOR part IN SELECT i.inhrelid::regclass AS name FROM pg_inherits i
                WHERE i.inhparent IN ('chunk'::regclass, 'symbol'::regclass, 'posting'::regclass, 'chunk_vector'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02,
            autovacuum_vacuum_insert_scale_factor = 0.1)', part.name);
        EXECUTE format('ALTER TABLE %s SET (toast.autovacuum_vacuum_scale_factor = 0.05)', part.name);
    END LOOP;
END $$;
ALTER TABLE file SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE document SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE blob SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05,
    toast.autovacuum_vacuum_scale_factor = 0.05);
-- Few rows that are written all the time: pages stay small when half of each is kept free for the next versions, and what is
-- dead goes after some dozens, not after a fifth.
ALTER TABLE operation SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
    autovacuum_analyze_scale_factor = 0.1);
ALTER TABLE worker_heartbeat SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
ALTER TABLE repository_build SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
ALTER TABLE ref SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
ALTER TABLE snapshot SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
