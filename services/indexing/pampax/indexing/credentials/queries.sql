-- What git servers want to see. The tenant comes from the transaction's setting, never from a parameter.

-- name: put_credential
-- In place of what was stored before.
INSERT INTO git_credential (repository_id, kind, fingerprint, sealed, key_id)
VALUES (%(repository_id)s, %(kind)s, %(fingerprint)s, %(sealed)s, %(key_id)s)
ON CONFLICT (repository_id) DO UPDATE SET kind = excluded.kind, fingerprint = excluded.fingerprint,
    sealed = excluded.sealed, key_id = excluded.key_id, set_at = now();

-- name: delete_credential
-- No row when there was none.
DELETE FROM git_credential WHERE repository_id = %(repository_id)s RETURNING repository_id;

-- name: select_credential
-- As it is stored.
SELECT r.name AS repository, c.kind, c.sealed, c.key_id, c.set_at AT TIME ZONE 'UTC' AS set_at
FROM git_credential c JOIN repository r ON r.repository_id = c.repository_id
WHERE c.repository_id = %(repository_id)s;

-- name: hold_credential
-- The same; nobody else changes it until the transaction ends.
SELECT r.name AS repository, c.kind, c.sealed, c.key_id, c.set_at AT TIME ZONE 'UTC' AS set_at
FROM git_credential c JOIN repository r ON r.repository_id = c.repository_id
WHERE c.repository_id = %(repository_id)s FOR UPDATE OF c;

-- name: replace_seal
-- What it holds stays, and when it was stored.
UPDATE git_credential SET sealed = %(sealed)s, key_id = %(key_id)s WHERE repository_id = %(repository_id)s;

-- name: credentials_of_other_keys
-- Of all tenants: where they are, and nothing of them.
SELECT repository_id, tenant_id FROM credentials_of_other_keys(%(key_id)s, %(after)s, %(most)s);
