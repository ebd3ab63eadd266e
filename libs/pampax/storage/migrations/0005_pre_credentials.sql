-- What git servers want to see before they let a repository be read.

-- At most one for each repository. Encrypted with a key that is not in the database; what is encrypted names the tenant and
-- the repository, so that a row is of no use under another one.
CREATE TABLE git_credential (
    repository_id bigint PRIMARY KEY,
    tenant_id     uuid NOT NULL DEFAULT nullif(current_setting('pampax.tenant', true), '')::uuid,
    kind          text NOT NULL CHECK (kind IN ('token', 'ssh_key')),
    fingerprint   text NOT NULL DEFAULT '',      -- of an ssh key's public half
    sealed        bytea NOT NULL,                -- a Fernet token
    key_id        text NOT NULL,                 -- which key has sealed it, by a hash of it
    set_at        timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (repository_id, tenant_id) REFERENCES repository (repository_id, tenant_id) ON DELETE CASCADE
);
ALTER TABLE git_credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE git_credential FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON git_credential
    USING (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON git_credential TO pampax_service;

-- Where credentials lie that another key than this one has sealed, of all tenants, after a repository on; nothing of them.
CREATE POLICY definer_finds_credentials ON git_credential FOR SELECT TO pampax_definer USING (true);
GRANT SELECT ON git_credential TO pampax_definer;
CREATE FUNCTION credentials_of_other_keys(current_key text, after bigint, most integer)
RETURNS TABLE (repository_id bigint, tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.repository_id, c.tenant_id FROM git_credential c
    WHERE c.key_id <> current_key AND c.repository_id > after ORDER BY c.repository_id LIMIT most
$$;
GRANT pampax_definer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO pampax_definer;
ALTER FUNCTION credentials_of_other_keys(text, bigint, integer) OWNER TO pampax_definer;
REVOKE ALL ON FUNCTION credentials_of_other_keys(text, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credentials_of_other_keys(text, bigint, integer) TO pampax_service;
REVOKE pampax_definer FROM CURRENT_USER;
