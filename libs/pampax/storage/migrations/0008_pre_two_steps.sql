-- A large first index is published twice: found by words, names and paths as soon as it is parsed, by vectors when they are
-- embedded.

-- False: chunks of it had no vectors when it was published, and no search looks for any.
ALTER TABLE snapshot ADD COLUMN vectors boolean NOT NULL DEFAULT true;

-- Chunks from this ordinal on have no vectors yet; NULL: all have.
ALTER TABLE repository_build ADD COLUMN vectors_to integer;

GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;

-- A vector table of its own for (repository, build), without an index so far: rows move over, further ones go there. The
-- caller's tenant setting still holds inside, so only rows and counters of that tenant can be touched.
CREATE FUNCTION move_vectors(repository bigint, build integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text := format('vector_%s_%s', repository, build);
    owner uuid;
BEGIN
    SELECT rb.tenant_id INTO STRICT owner FROM repository_build rb
    WHERE rb.repository_id = repository AND rb.build_id = build FOR UPDATE;
    EXECUTE format('CREATE TABLE %I (ordinal integer PRIMARY KEY, tenant_id uuid NOT NULL
        DEFAULT nullif(current_setting(''pampax.tenant'', true), '''')::uuid,
        embedding halfvec(256) NOT NULL)', name);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON %I
        USING (tenant_id = (SELECT nullif(current_setting(''pampax.tenant'', true), '''')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting(''pampax.tenant'', true), '''')::uuid))', name);
    EXECUTE format('INSERT INTO %I (ordinal, tenant_id, embedding)
        SELECT v.ordinal, v.tenant_id, v.embedding FROM chunk_vector v
        WHERE v.repository_id = $1 AND v.build_id = $2', name) USING repository, build;
    DELETE FROM chunk_vector v WHERE v.repository_id = repository AND v.build_id = build;
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON %I TO pampax_service', name);
    UPDATE repository_build rb SET vector_table = name WHERE rb.repository_id = repository AND rb.build_id = build;
    RETURN name;
END $$;

-- Another HNSW index for a vector table. What no longer fits into memory takes ten times as long, so it gets what its rows
-- need (1.2 KB each were measured), up to the server's own bound or 256 MB. Built by two processes, which share that; by one
-- where there is no room for it: containers have 64 MB of shared memory.
CREATE FUNCTION make_vector_index(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET max_parallel_maintenance_workers = 1 AS $$
DECLARE
    statement text := format('CREATE INDEX ON %I USING hnsw (embedding halfvec_cosine_ops)
        WITH (m = 16, ef_construction = 64)', name);
    needed bigint;
    most bigint := greatest(pg_size_bytes(current_setting('maintenance_work_mem')), 256 << 20);
BEGIN
    EXECUTE format('SELECT (16 << 20) + count(*) * 1400 FROM %I', name) INTO needed;
    PERFORM set_config('maintenance_work_mem', (least(needed, most) / 1024)::text || 'kB', true);
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN insufficient_resources OR disk_full OR out_of_memory THEN
        SET LOCAL max_parallel_maintenance_workers = 0;
        EXECUTE statement;
    END;
END $$;

-- Gives the own vector table of (repository, build) its HNSW index; false when it has one.
CREATE FUNCTION index_vectors(repository bigint, build integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text;
BEGIN
    SELECT rb.vector_table INTO STRICT name FROM repository_build rb
    WHERE rb.repository_id = repository AND rb.build_id = build;
    IF EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
               WHERE i.indrelid = name::regclass AND a.amname = 'hnsw') THEN
        RETURN false;
    END IF;
    PERFORM make_vector_index(name);
    RETURN true;
END $$;

-- Both; what earlier versions call.
CREATE OR REPLACE FUNCTION create_vector_table(repository bigint, build integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text := move_vectors(repository, build);
BEGIN
    PERFORM index_vectors(repository, build);
    RETURN name;
END $$;

ALTER FUNCTION move_vectors(bigint, integer) OWNER TO pampax_definer;
ALTER FUNCTION make_vector_index(text) OWNER TO pampax_definer;
ALTER FUNCTION index_vectors(bigint, integer) OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION move_vectors(bigint, integer), make_vector_index(text), index_vectors(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION move_vectors(bigint, integer), index_vectors(bigint, integer) TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
