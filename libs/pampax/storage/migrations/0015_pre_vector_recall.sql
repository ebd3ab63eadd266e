-- Of 500,000 chunks of real code the index found .915 of the ten nearest, where .97 are asked. With twice the candidates when it
-- is built it finds .972 as the search now asks, at the time a question took before; building takes half as long again.

GRANT pampax_definer TO CURRENT_USER;

-- As in 0008, but for ef_construction. Indexes of before are good, and get theirs when they are renewed.
CREATE OR REPLACE FUNCTION make_vector_index(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET max_parallel_maintenance_workers = 1 AS $$
DECLARE
    statement text := format('CREATE INDEX ON %I USING hnsw (embedding halfvec_cosine_ops)
        WITH (m = 16, ef_construction = 128)', name);
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

REVOKE pampax_definer FROM CURRENT_USER;
