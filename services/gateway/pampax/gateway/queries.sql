-- name: authenticate_key
-- The identity that a key stands for; no row when it is unknown, expired or revoked.
SELECT tenant_id, principal_id, role, local FROM authenticate_key(%(key_hmac)s)

-- name: count_waiting_operations
-- Operations that no worker has taken up for a while: the sign of workers that are gone or too few.
SELECT count(*) AS waiting
FROM operation
WHERE state IN ('queued', 'running')
  AND (lease_expires_at IS NULL OR lease_expires_at < now())
  AND updated_at < now() - make_interval(secs => %(patience_s)s)
