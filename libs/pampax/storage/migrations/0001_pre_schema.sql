-- The first schema: tenants and keys, repositories, content, derived rows, operations.
--
-- Rules that hold for every table with tenant data: a tenant_id, row-level security enabled AND forced, one policy that
-- compares tenant_id with the transaction's pampax.tenant setting and fails closed when it is not set.

CREATE EXTENSION IF NOT EXISTS vector;

-- Roles are cluster-wide, so they may be there already. pampax_service is what services log in as; pampax_definer owns
-- the few functions that must look across tenants or make tables, and nobody can log in as it.
DO $$
DECLARE role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['pampax_service', 'pampax_definer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
END $$;
ALTER ROLE pampax_service LOGIN;
GRANT pampax_definer TO CURRENT_USER;  -- to hand functions over to it; revoked at the end
GRANT USAGE ON SCHEMA public TO pampax_service, pampax_definer;
GRANT CREATE ON SCHEMA public TO pampax_definer;

-- Who ---------------------------------------------------------------------------------------------------------------

CREATE TABLE tenant (
    tenant_id  uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE principal (
    principal_id uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, name),
    UNIQUE (principal_id, tenant_id)             -- referred to with the tenant: rows of two tenants cannot be tied
);

CREATE TABLE api_key (
    key_hmac     bytea PRIMARY KEY,             -- HMAC-SHA-256 of the key; the key itself is never stored
    tenant_id    uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    principal_id uuid NOT NULL,
    local        boolean NOT NULL DEFAULT false, -- the key of an embedded system, which may name local paths
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    FOREIGN KEY (principal_id, tenant_id) REFERENCES principal (principal_id, tenant_id) ON DELETE CASCADE
);

-- Where and how from ------------------------------------------------------------------------------------------------

CREATE TABLE repository (
    repository_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name          text NOT NULL,
    source_kind   text NOT NULL CHECK (source_kind IN ('git_url', 'path', 'upload')),
    source        text NOT NULL DEFAULT '',
    include       text[] NOT NULL DEFAULT '{}',
    exclude       text[] NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, name),
    UNIQUE (repository_id, tenant_id)
);

-- A binding without a repository holds for the whole tenant; with one it is a grant on that repository alone.
CREATE TABLE role_binding (
    tenant_id     uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    principal_id  uuid NOT NULL,
    repository_id bigint,
    role          text NOT NULL CHECK (role IN ('reader', 'writer', 'admin')),
    UNIQUE NULLS NOT DISTINCT (principal_id, repository_id),
    FOREIGN KEY (principal_id, tenant_id) REFERENCES principal (principal_id, tenant_id) ON DELETE CASCADE,
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

-- Chunker + languages + embedding model, with a version. The same for all tenants, hence without row security.
CREATE TABLE build (
    build_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version    text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Ordinal counters of one (repository, build): dense, private, never reused.
CREATE TABLE repository_build (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL REFERENCES build,
    tenant_id     uuid NOT NULL,
    next_chunk    integer NOT NULL DEFAULT 0,
    next_file     integer NOT NULL DEFAULT 0,
    next_segment  integer NOT NULL DEFAULT 0,
    vector_table  text,                          -- name of the own vector table, NULL while rows live in chunk_vector
    PRIMARY KEY (repository_id, build_id),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

-- Content and versions ----------------------------------------------------------------------------------------------

CREATE TABLE blob (
    repository_id bigint NOT NULL,
    blob_id       bytea NOT NULL CHECK (length(blob_id) = 20),
    tenant_id     uuid NOT NULL,
    size          integer NOT NULL,              -- bytes before compression
    content       bytea NOT NULL,                -- zstd frame
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, blob_id),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
ALTER TABLE blob ALTER COLUMN content SET STORAGE EXTERNAL;  -- compressed already

-- One commit or uploaded tree of one ref, immutable: bitmaps over the ordinals of (repository, build).
CREATE TABLE snapshot (
    snapshot_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL REFERENCES build,
    tenant_id     uuid NOT NULL,
    commit_id     text NOT NULL DEFAULT '',
    dirty         boolean NOT NULL DEFAULT false,
    live_chunks   bytea NOT NULL,                -- packed bitmap, see pampax.storage.bitmap
    live_files    bytea NOT NULL,
    chunk_count   integer NOT NULL,
    file_count    integer NOT NULL,
    term_count    bigint NOT NULL,               -- sum of the live chunks' lengths: the mean length is derived
    skipped       jsonb NOT NULL DEFAULT '{}',   -- files left out, counted by reason
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (repository_id, snapshot_id),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

CREATE TABLE ref (
    repository_id bigint NOT NULL,
    name          text NOT NULL,
    tenant_id     uuid NOT NULL,
    snapshot_id   bigint NOT NULL,
    generation    bigint NOT NULL,
    published_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, name),
    FOREIGN KEY (repository_id, snapshot_id) REFERENCES snapshot (repository_id, snapshot_id),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

-- (path, blob, language) as seen in any snapshot of (repository, build); a snapshot's bitmap tells which are live.
CREATE TABLE file (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL REFERENCES build,
    ordinal       integer NOT NULL,
    tenant_id     uuid NOT NULL,
    path          text NOT NULL,
    path_key      bytea NOT NULL,                -- first 16 bytes of SHA-256 of the path: paths may exceed an index row
    blob_id       bytea NOT NULL,
    language      text NOT NULL,
    PRIMARY KEY (repository_id, build_id, ordinal),
    UNIQUE (repository_id, build_id, path_key, blob_id, language),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

-- A blob read as one language: the unit that is parsed once. Its chunks have consecutive ordinals.
CREATE TABLE document (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL REFERENCES build,
    blob_id       bytea NOT NULL,
    language      text NOT NULL,
    tenant_id     uuid NOT NULL,
    first_chunk   integer NOT NULL,
    chunk_count   integer NOT NULL,
    lines         integer NOT NULL,
    bytes         integer NOT NULL,
    term_count    integer NOT NULL,              -- sum of its chunks' lengths
    problem       text,                          -- why plain line chunks had to do (timeout, crash), NULL otherwise
    PRIMARY KEY (repository_id, build_id, blob_id, language),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

-- Derived rows, 64 hash partitions by repository each ----------------------------------------------------------------

CREATE TABLE chunk (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL,
    ordinal       integer NOT NULL,
    tenant_id     uuid NOT NULL,
    blob_id       bytea NOT NULL,
    language      text NOT NULL,
    start_line    integer NOT NULL,              -- 1-based, inclusive
    end_line      integer NOT NULL,
    kind          text NOT NULL,
    symbol        text NOT NULL,
    PRIMARY KEY (repository_id, build_id, ordinal)
) PARTITION BY HASH (repository_id);

CREATE TABLE symbol (
    repository_id  bigint NOT NULL,
    build_id       integer NOT NULL,
    chunk          integer NOT NULL,             -- ordinal of the chunk that holds the definition's first line
    tenant_id      uuid NOT NULL,
    name           text NOT NULL,
    folded         text COLLATE "C" NOT NULL,    -- the name in lower case, at most 200 characters
    qualified_name text NOT NULL,
    kind           text NOT NULL,
    start_line     integer NOT NULL,
    end_line       integer NOT NULL,
    signature      text NOT NULL,
    doc            text NOT NULL,
    exported       boolean NOT NULL
) PARTITION BY HASH (repository_id);
CREATE INDEX symbol_by_name ON symbol (repository_id, build_id, folded);
CREATE INDEX symbol_by_chunk ON symbol (repository_id, build_id, chunk);

-- Packed lists, see pampax.storage.posting. field: 0 words of the chunk, 1 names defined in it.
CREATE TABLE posting (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL,
    field         smallint NOT NULL,
    term          text COLLATE "C" NOT NULL,
    segment       integer NOT NULL,
    tenant_id     uuid NOT NULL,
    entries       bytea NOT NULL,
    PRIMARY KEY (repository_id, build_id, field, term, segment)
) PARTITION BY HASH (repository_id);

CREATE TABLE chunk_vector (
    repository_id bigint NOT NULL,
    build_id      integer NOT NULL,
    ordinal       integer NOT NULL,
    tenant_id     uuid NOT NULL,
    embedding     halfvec(256) NOT NULL,
    PRIMARY KEY (repository_id, build_id, ordinal)
) PARTITION BY HASH (repository_id);

-- Packed already: trying to compress them made writing ten times and reading twice as slow.
ALTER TABLE posting ALTER COLUMN entries SET STORAGE EXTERNAL;
ALTER TABLE snapshot ALTER COLUMN live_chunks SET STORAGE EXTERNAL, ALTER COLUMN live_files SET STORAGE EXTERNAL;

DO $$
DECLARE parent text; part integer;
BEGIN
    FOREACH parent IN ARRAY ARRAY['chunk', 'symbol', 'posting', 'chunk_vector'] LOOP
        FOR part IN 0..63 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 64, REMAINDER %s)',
                           parent || '_p' || part, parent, part);
        END LOOP;
    END LOOP;
END $$;

-- Work ---------------------------------------------------------------------------------------------------------------

CREATE TABLE upload (
    upload_id     uuid PRIMARY KEY,
    repository_id bigint NOT NULL,
    tenant_id     uuid NOT NULL,
    ref           text NOT NULL,
    commit_id     text NOT NULL DEFAULT '',
    dirty         boolean NOT NULL DEFAULT false,
    manifest      bytea NOT NULL,                -- zstd frame, see pampax.indexing.manifest
    skipped       jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL DEFAULT now() + interval '1 day',
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);

-- The queue itself: a lost broker loses nothing. lease_token rises with every claim and fences late writers.
CREATE TABLE operation (
    operation_id     uuid PRIMARY KEY,
    tenant_id        uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    repository_id    bigint NOT NULL,
    repository_name  text NOT NULL,
    request          jsonb NOT NULL,             -- {ref, full, upload}
    state            text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    stage            text NOT NULL DEFAULT 'queued',
    done             bigint NOT NULL DEFAULT 0,
    total            bigint NOT NULL DEFAULT 0,
    errors           jsonb NOT NULL DEFAULT '[]',
    result           jsonb,
    error            jsonb,                      -- {code, reason, message}
    cancel_requested boolean NOT NULL DEFAULT false,
    attempts         integer NOT NULL DEFAULT 0,
    lease_token      bigint NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    enqueued_at      timestamptz,
    corr_id          text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX operation_open ON operation (repository_id, created_at) WHERE state IN ('queued', 'running');

-- Row-level security -----------------------------------------------------------------------------------------------

-- Policies are not inherited by a direct read of a partition, so each partition has its own.
DO $$
DECLARE target text;
BEGIN
    FOR target IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format($policy$CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
            WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))$policy$, target);
        EXECUTE format($default$ALTER TABLE %I ALTER COLUMN tenant_id
            SET DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid$default$, target);
    END LOOP;
END $$;

GRANT SELECT ON tenant, principal, api_key, role_binding TO pampax_service;
GRANT SELECT, INSERT ON build TO pampax_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON repository, repository_build, blob, snapshot, ref, file, document,
    chunk, symbol, posting, chunk_vector, upload, operation TO pampax_service;

-- Functions that look across tenants or make tables -------------------------------------------------------------------

CREATE POLICY definer_reads_keys ON api_key FOR SELECT TO pampax_definer USING (true);
CREATE POLICY definer_reads_bindings ON role_binding FOR SELECT TO pampax_definer USING (true);
CREATE POLICY definer_finds_work ON operation TO pampax_definer USING (true) WITH CHECK (true);
GRANT SELECT ON api_key, role_binding TO pampax_definer;
GRANT SELECT, UPDATE ON operation TO pampax_definer;
GRANT SELECT, UPDATE ON repository_build TO pampax_definer;
GRANT SELECT, DELETE ON chunk_vector TO pampax_definer;

-- The identity that a key stands for; nothing when it is unknown, expired or revoked.
CREATE FUNCTION authenticate_key(candidate bytea)
RETURNS TABLE (tenant_id uuid, principal_id uuid, role text, local boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.tenant_id, k.principal_id, coalesce(b.role, 'reader'), k.local
    FROM api_key k LEFT JOIN role_binding b ON b.principal_id = k.principal_id AND b.repository_id IS NULL
    WHERE k.key_hmac = candidate AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

-- Operations without a live lease that nobody enqueued lately, marked as enqueued now.
CREATE FUNCTION take_due_operations(most integer, patience interval)
RETURNS TABLE (operation_id uuid, tenant_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH due AS MATERIALIZED (  -- a plain subquery may be run again for each row and so take more than asked for
        SELECT d.operation_id FROM operation d
        WHERE d.state IN ('queued', 'running')
          AND (d.lease_expires_at IS NULL OR d.lease_expires_at < now())
          AND (d.enqueued_at IS NULL OR d.enqueued_at < now() - patience)
        ORDER BY d.created_at, d.operation_id LIMIT most FOR UPDATE SKIP LOCKED)
    UPDATE operation o SET enqueued_at = now() FROM due WHERE o.operation_id = due.operation_id
    RETURNING o.operation_id, o.tenant_id
$$;

-- Gives a large (repository, build) a vector table of its own: rows moved over, HNSW built after loading. The caller's
-- tenant setting still holds inside, so only rows and counters of that tenant can be touched. Built by one process: a
-- parallel build asks for maintenance_work_mem of shared memory at once, and containers have 64 MB.
CREATE FUNCTION create_vector_table(repository bigint, build integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET maintenance_work_mem = '256MB' SET max_parallel_maintenance_workers = 0 AS $$
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
    EXECUTE format('CREATE INDEX ON %I USING hnsw (embedding halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)', name);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON %I TO pampax_service', name);
    UPDATE repository_build rb SET vector_table = name WHERE rb.repository_id = repository AND rb.build_id = build;
    RETURN name;
END $$;

-- Drops the own vector table of (repository, build), when there is one.
CREATE FUNCTION drop_vector_table(repository bigint, build integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text;
BEGIN
    SELECT rb.vector_table INTO name FROM repository_build rb
    WHERE rb.repository_id = repository AND rb.build_id = build FOR UPDATE;
    IF name IS NULL THEN RETURN; END IF;
    EXECUTE format('DROP TABLE IF EXISTS %I', name);
    UPDATE repository_build rb SET vector_table = NULL WHERE rb.repository_id = repository AND rb.build_id = build;
END $$;

ALTER FUNCTION authenticate_key(bytea) OWNER TO pampax_definer;
ALTER FUNCTION take_due_operations(integer, interval) OWNER TO pampax_definer;
ALTER FUNCTION create_vector_table(bigint, integer) OWNER TO pampax_definer;
ALTER FUNCTION drop_vector_table(bigint, integer) OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION authenticate_key(bytea), take_due_operations(integer, interval),
    create_vector_table(bigint, integer), drop_vector_table(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authenticate_key(bytea), take_due_operations(integer, interval),
    create_vector_table(bigint, integer), drop_vector_table(bigint, integer) TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
