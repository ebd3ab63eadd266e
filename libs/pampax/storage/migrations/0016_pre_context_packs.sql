-- Context packs: named scopes that searches and bundles are narrowed by.

-- Repositories are kept by name: a pack outlives one that is deleted and made again, and names some that its owner may not read
-- any more. Bounds are checked before; those here hold whatever a service forgets.
CREATE TABLE context_pack (
    pack_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    uuid NOT NULL DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid,
    owner_id     uuid NOT NULL,
    name         text COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
    shared       boolean NOT NULL,
    description  text NOT NULL CHECK (octet_length(description) <= 1000),
    repositories text[] NOT NULL CHECK (cardinality(repositories) <= 50),
    ref          text NOT NULL CHECK (length(ref) <= 255), -- '': each repository's default
    languages    text[] NOT NULL CHECK (cardinality(languages) <= 32),
    path_globs   text[] NOT NULL CHECK (cardinality(path_globs) <= 16 AND octet_length(path_globs::text) <= 32000),
    kinds        text[] NOT NULL CHECK (cardinality(kinds) <= 8),
    mode         text NOT NULL,                  -- '': none, as 0 is for the two below
    result_limit integer NOT NULL CHECK (result_limit BETWEEN 0 AND 100),
    token_budget integer NOT NULL CHECK (token_budget BETWEEN 0 AND 200000),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, owner_id, name),
    FOREIGN KEY (owner_id, tenant_id) REFERENCES principal (principal_id, tenant_id) ON DELETE CASCADE
);
-- Beside everybody's own one a name stands for at most one shared pack.
CREATE UNIQUE INDEX context_pack_shared ON context_pack (tenant_id, name) WHERE shared;
ALTER TABLE context_pack ENABLE ROW LEVEL SECURITY;
ALTER TABLE context_pack FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON context_pack
    USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON context_pack TO pampax_service;
