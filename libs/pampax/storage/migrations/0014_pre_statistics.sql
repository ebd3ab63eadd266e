-- Until autovacuum comes by, a minute or more after a large first index, the planner takes its tables for empty: a bundle took
-- half a second then and a fifth of that afterwards, a search three times as long.

-- Statistics of what holds the repository's rows; nothing of them is shown. A table that a vacuum holds gets its own from that.
CREATE FUNCTION refresh_statistics(repository bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE part text;
BEGIN
    FOR part IN
        SELECT format('%s_p%s', parent, number)
        FROM unnest(ARRAY['chunk', 'symbol', 'posting']) AS parent, generate_series(0, 63) AS number
        WHERE satisfies_hash_partition(parent::regclass, 64, number, repository)
        UNION ALL VALUES ('blob'), ('document'), ('file')
    LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) %I', part);
    END LOOP;
END $$;

-- Of the build's own vector table: without them its index is not used, and each search scans.
CREATE FUNCTION refresh_vector_statistics(repository bigint, build integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text;
BEGIN
    SELECT rb.vector_table INTO name FROM repository_build rb
    WHERE rb.repository_id = repository AND rb.build_id = build;
    IF name IS NOT NULL THEN EXECUTE format('ANALYZE (SKIP_LOCKED) %I', name); END IF;
END $$;

-- PostgreSQL 16 lets nobody but the owner analyse a table: there the function warns, and autovacuum has to do.
DO $$
DECLARE part regclass;
BEGIN
    IF current_setting('server_version_num')::integer < 170000 THEN RETURN; END IF;
    FOR part IN
        SELECT inhrelid FROM pg_inherits
        WHERE inhparent IN ('chunk'::regclass, 'symbol'::regclass, 'posting'::regclass)
        UNION ALL VALUES ('blob'::regclass::oid), ('document'::regclass::oid), ('file'::regclass::oid)
    LOOP
        EXECUTE format('GRANT MAINTAIN ON %s TO pampax_definer', part);
    END LOOP;
END $$;

GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;
ALTER FUNCTION refresh_statistics(bigint) OWNER TO pampax_definer;
ALTER FUNCTION refresh_vector_statistics(bigint, integer) OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION refresh_statistics(bigint), refresh_vector_statistics(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refresh_statistics(bigint), refresh_vector_statistics(bigint, integer) TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
