-- What SCIP indexes say of files, see pampax.graph.recorded: by content and path, so a file that has changed has none. Goes
-- with its content.
CREATE TABLE scip_file (
    repository_id bigint NOT NULL,
    blob_id       bytea NOT NULL,
    path_key      bytea NOT NULL,                -- as in file
    tenant_id     uuid NOT NULL DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid,
    links         bytea NOT NULL,                -- zstd frame
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, blob_id, path_key),
    FOREIGN KEY (repository_id, blob_id) REFERENCES blob (repository_id, blob_id) ON DELETE CASCADE,
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
ALTER TABLE scip_file ALTER COLUMN links SET STORAGE EXTERNAL;  -- compressed already
ALTER TABLE scip_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE scip_file FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON scip_file
    USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON scip_file TO pampax_service;
