-- Which files the commits before one changed, see pampax.graph.history: for all snapshots of that commit, and gone with the
-- last of them.
CREATE TABLE commit_history (
    repository_id bigint NOT NULL,
    commit_id     text NOT NULL CHECK (commit_id <> ''),
    tenant_id     uuid NOT NULL DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid,
    whole         boolean NOT NULL,              -- false: of a shallow clone, or broken off; read again by the next run
    commits       integer NOT NULL,              -- how many it tells of
    changes       bytea NOT NULL,                -- zstd frame
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, commit_id),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
ALTER TABLE commit_history ALTER COLUMN changes SET STORAGE EXTERNAL;  -- compressed already
ALTER TABLE commit_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE commit_history FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON commit_history
    USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON commit_history TO pampax_service;

-- The same, as a client sent it with a tree: NULL when it sent none.
ALTER TABLE upload
    ADD COLUMN history bytea,                    -- zstd frame
    ADD COLUMN history_whole boolean NOT NULL DEFAULT false,
    ALTER COLUMN history SET STORAGE EXTERNAL;
