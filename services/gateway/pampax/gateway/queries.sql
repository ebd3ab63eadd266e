-- name: authenticate_key
-- The identity that a key stands for; no row when it is unknown, expired or revoked.
SELECT tenant_id, principal_id, role, local FROM authenticate_key(%(key_hmac)s)
