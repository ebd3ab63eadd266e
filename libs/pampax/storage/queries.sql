-- Who may connect ---------------------------------------------------------------------------------------------------

-- name: privileged_roles
-- The roles among the session's own that row-level security does not hold for; none for a service.
SELECT current_user::text AS login,
       CASE WHEN r.rolname = current_user THEN '' ELSE 'a member of ' || r.rolname || ', ' END
           || CASE WHEN r.rolsuper THEN 'a superuser' ELSE 'a role with BYPASSRLS' END AS why
FROM pg_roles r
WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(current_user, r.oid, 'MEMBER')
ORDER BY r.rolname <> current_user, r.rolname

-- name: database_server
-- The server's clock, and whether it takes writes.
SELECT extract(epoch FROM clock_timestamp())::float8 AS clock_s,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS read_only

-- Repositories and snapshots ----------------------------------------------------------------------------------------

-- name: readable_repositories
-- Repositories that a principal may read, by a binding for the whole tenant or for the repository, strongest role first.
SELECT r.repository_id, r.name, r.source_kind, r.source, r.include, r.exclude,
       extract(epoch FROM r.created_at)::float8 AS created_at, b.role
FROM repository r
JOIN LATERAL (
    SELECT rb.role FROM role_binding rb
    WHERE rb.principal_id = %(principal_id)s
      AND (rb.repository_id IS NULL OR rb.repository_id = r.repository_id)
    ORDER BY array_position(ARRAY['admin', 'writer', 'reader'], rb.role) LIMIT 1
) b ON true
WHERE %(names)s::text[] IS NULL OR r.name = ANY(%(names)s::text[])
ORDER BY r.name COLLATE "C"

-- name: published_snapshots
-- What a ref of each repository shows; without a ref, the one published last. No row where nothing was published.
SELECT r.repository_id, r.name AS repository, f.name AS ref, s.snapshot_id, s.build_id, b.version AS build,
       s.commit_id AS commit, s.dirty, f.generation, extract(epoch FROM f.published_at)::float8 AS published_at,
       s.chunk_count, s.file_count, s.term_count, rb.vector_table,
       CASE WHEN NOT s.vectors THEN coalesce(rb.vectors_to, 0) END AS vectors_to
FROM repository r
JOIN LATERAL (
    SELECT * FROM ref WHERE ref.repository_id = r.repository_id
      AND (%(ref)s::text IS NULL OR ref.name = %(ref)s::text)
    ORDER BY ref.published_at DESC, ref.name COLLATE "C" LIMIT 1
) f ON true
JOIN snapshot s ON s.snapshot_id = f.snapshot_id
JOIN build b ON b.build_id = s.build_id
LEFT JOIN repository_build rb ON rb.repository_id = r.repository_id AND rb.build_id = s.build_id
WHERE r.repository_id = ANY(%(repository_ids)s::bigint[])
ORDER BY r.name COLLATE "C"

-- name: repositories_with_refs
-- Which of these repositories were ever published under any ref.
SELECT DISTINCT repository_id FROM ref WHERE repository_id = ANY(%(repository_ids)s::bigint[])

-- name: visible_packs
-- A principal's own context packs and the shared ones of its tenant, own ones first under each name.
SELECT p.pack_id, p.name, p.shared, p.description, p.repositories, p.ref, p.languages, p.path_globs, p.kinds, p.mode,
       p.result_limit, p.token_budget, o.name AS owner, p.owner_id = %(principal_id)s AS mine, p.created_at, p.updated_at
FROM context_pack p JOIN principal o ON o.principal_id = p.owner_id
WHERE (p.shared OR p.owner_id = %(principal_id)s) AND (%(name)s::text IS NULL OR p.name = %(name)s::text)
  AND (p.name, p.owner_id <> %(principal_id)s) > (%(after_name)s::text COLLATE "C", %(after_foreign)s::boolean)
ORDER BY p.name, p.owner_id <> %(principal_id)s LIMIT %(most)s

-- name: visible_pack_names
-- Names to advise with.
SELECT DISTINCT name FROM context_pack WHERE shared OR owner_id = %(principal_id)s ORDER BY name LIMIT 1000

-- name: snapshot_bitmaps
-- The live chunks and files of a snapshot.
SELECT live_chunks, live_files FROM snapshot WHERE snapshot_id = %(snapshot_id)s

-- Publishing --------------------------------------------------------------------------------------------------------

-- name: lock_repository_row
-- Makes publishes of one repository wait for each other, and fails to find a repository that was deleted meanwhile.
SELECT tenant_id FROM repository WHERE repository_id = %(repository_id)s FOR NO KEY UPDATE

-- name: published_now
-- What a ref shows at present, with its bitmaps.
SELECT f.generation, s.snapshot_id, s.build_id, s.commit_id, s.dirty, s.live_chunks, s.live_files, s.skipped, s.vectors
FROM ref f JOIN snapshot s ON s.snapshot_id = f.snapshot_id
WHERE f.repository_id = %(repository_id)s AND f.name = %(ref)s

-- name: insert_snapshot
-- A new immutable snapshot.
INSERT INTO snapshot (repository_id, build_id, commit_id, dirty, live_chunks, live_files,
                      chunk_count, file_count, term_count, skipped, vectors)
VALUES (%(repository_id)s, %(build_id)s, %(commit)s, %(dirty)s, %(live_chunks)s, %(live_files)s,
        %(chunk_count)s, %(file_count)s, %(term_count)s, %(skipped)s, %(vectors)s)
RETURNING snapshot_id

-- name: move_ref
-- Points a ref at a snapshot and counts one generation up.
INSERT INTO ref AS f (repository_id, name, snapshot_id, generation)
VALUES (%(repository_id)s, %(ref)s, %(snapshot_id)s, 1)
ON CONFLICT (repository_id, name) DO UPDATE
SET snapshot_id = excluded.snapshot_id, generation = f.generation + 1, published_at = clock_timestamp()
RETURNING generation

-- name: refs_without_vectors
-- The refs that show chunks of (repository, build) without their vectors.
SELECT f.name AS ref, s.snapshot_id FROM ref f JOIN snapshot s ON s.snapshot_id = f.snapshot_id
WHERE f.repository_id = %(repository_id)s AND s.build_id = %(build_id)s AND NOT s.vectors ORDER BY f.name COLLATE "C"

-- name: insert_same_with_vectors
-- A snapshot that shows what another one does, with vectors.
INSERT INTO snapshot (repository_id, build_id, commit_id, dirty, live_chunks, live_files,
                      chunk_count, file_count, term_count, skipped, vectors)
SELECT repository_id, build_id, commit_id, dirty, live_chunks, live_files,
       chunk_count, file_count, term_count, skipped, true FROM snapshot WHERE snapshot_id = %(snapshot_id)s
RETURNING snapshot_id

-- name: complete_ref
-- Points a ref at the same content with vectors. It stays as old as it is: the source was read before the first publish.
UPDATE ref SET snapshot_id = %(snapshot_id)s, generation = generation + 1
WHERE repository_id = %(repository_id)s AND name = %(ref)s
RETURNING generation

-- name: mark_replaced
-- From here on the snapshot is kept for searches under way alone.
UPDATE snapshot SET replaced_at = clock_timestamp() WHERE snapshot_id = %(snapshot_id)s

-- name: drop_old_snapshots
-- Snapshots of a repository that no ref shows; those replaced within the last hour stay for searches under way.
DELETE FROM snapshot s
WHERE s.repository_id = %(repository_id)s AND coalesce(s.replaced_at, s.created_at) < now() - interval '1 hour'
  AND NOT EXISTS (SELECT FROM ref f WHERE f.repository_id = s.repository_id AND f.snapshot_id = s.snapshot_id)

-- name: drop_old_histories
-- Those of commits that no snapshot shows any more.
DELETE FROM commit_history h WHERE h.repository_id = %(repository_id)s
  AND NOT EXISTS (SELECT FROM snapshot s WHERE s.repository_id = h.repository_id AND s.commit_id = h.commit_id)

-- name: notify_published
-- Tells listeners when, and only when, the transaction commits.
SELECT pg_notify(%(channel)s, %(payload)s)

-- Histories ---------------------------------------------------------------------------------------------------------

-- name: load_history
-- What is kept of a commit's history.
SELECT changes, commits FROM commit_history WHERE repository_id = %(repository_id)s AND commit_id = %(commit)s

-- name: nearest_history
-- That of a commit, or else the youngest of its repository, of which most may hold as well.
SELECT commit_id, whole, changes FROM commit_history WHERE repository_id = %(repository_id)s
ORDER BY commit_id = %(commit)s DESC, created_at DESC LIMIT 1

-- name: save_history
-- Takes the place of one that could not be read to its end.
INSERT INTO commit_history AS h (repository_id, commit_id, whole, commits, changes)
VALUES (%(repository_id)s, %(commit)s, %(whole)s, %(commits)s, %(changes)s)
ON CONFLICT (repository_id, commit_id) DO UPDATE
SET whole = excluded.whole, commits = excluded.commits, changes = excluded.changes
WHERE NOT h.whole AND (excluded.whole OR excluded.commits > h.commits)

-- name: files_at
-- Files of (repository, build) at some paths, live or not.
SELECT f.ordinal, f.path FROM unnest(%(keys)s::bytea[]) AS asked (path_key)
CROSS JOIN LATERAL (
    SELECT ordinal, path FROM file
    WHERE repository_id = %(repository)s AND build_id = %(build)s AND path_key = asked.path_key OFFSET 0) f

-- Operations --------------------------------------------------------------------------------------------------------

-- name: operation_repository
-- The repository of an operation that is not finished.
SELECT repository_id FROM operation WHERE operation_id = %(operation_id)s AND state IN ('queued', 'running')

-- name: lock_repository
-- One claim at a time for a repository; released with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('pampax.repository.' || %(repository_id)s::bigint, 0))

-- name: claim_operation
-- Takes the repository's open operation whose turn it is, unless somebody's lease on one of them is alive. The operation's own
-- lease is looked at twice: a heartbeat that commits while we wait for the row changes only what is asked of the row.
UPDATE operation o
SET state = 'running', lease_token = o.lease_token + 1, attempts = o.attempts + 1,
    lease_expires_at = clock_timestamp() + make_interval(secs => %(ttl_s)s), updated_at = clock_timestamp()
WHERE o.operation_id = %(operation_id)s AND o.state IN ('queued', 'running')
  AND (o.lease_expires_at IS NULL OR o.lease_expires_at < clock_timestamp())
  AND NOT EXISTS (
      SELECT FROM operation other
      WHERE other.repository_id = o.repository_id AND other.state IN ('queued', 'running')
        AND (other.lease_expires_at >= clock_timestamp()
             OR (other.created_at + other.yields, other.operation_id) < (o.created_at + o.yields, o.operation_id)))
RETURNING o.operation_id, o.tenant_id, o.repository_id, o.repository_name, o.lease_token AS token, o.attempts,
          o.request, o.corr_id, o.traceparent, o.trouble

-- name: heartbeat_operation
-- Prolongs a lease that nobody else has taken and reports progress.
UPDATE operation
SET stage = %(stage)s, done = %(done)s, total = %(total)s, rate = %(rate)s, remaining_s = %(remaining_s)s,
    error_count = %(problems)s, updated_at = clock_timestamp(),
    lease_expires_at = clock_timestamp() + make_interval(secs => %(ttl_s)s)
WHERE operation_id = %(operation_id)s AND lease_token = %(token)s AND state = 'running'
RETURNING cancel_requested

-- name: lock_lease
-- The operation's row, locked, while the lease is still this one.
SELECT operation_id FROM operation
WHERE operation_id = %(operation_id)s AND lease_token = %(token)s AND state = 'running' FOR UPDATE

-- name: finish_operation
-- The last word of a lease.
UPDATE operation
SET state = %(state)s, stage = %(state)s, result = %(result)s, error = %(error)s, errors = %(errors)s,
    lease_expires_at = NULL, updated_at = clock_timestamp()
WHERE operation_id = %(operation_id)s AND lease_token = %(token)s AND state = 'running'
RETURNING operation_id

-- name: note_trouble
-- Why a worker ends itself over an operation that is still its own.
UPDATE operation SET trouble = %(trouble)s
WHERE operation_id = %(operation_id)s AND lease_token = %(token)s AND state = 'running'

-- name: next_operation
-- The operation of a repository that is next, and whether its turn has come.
SELECT operation_id, created_at + yields <= now() AS urgent FROM operation
WHERE repository_id = %(repository_id)s AND state IN ('queued', 'running')
ORDER BY created_at + yields, operation_id LIMIT 1

-- Heartbeats --------------------------------------------------------------------------------------------------------

-- name: beat
-- One worker process lives and does this.
INSERT INTO worker_heartbeat AS w (worker_id, host, pid, process_started, parent_pid, parent_seen_at, version,
    concurrency, operation_id, resident_bytes, memory_used_bytes, memory_limit_bytes, disk_free_bytes, disk_total_bytes)
VALUES (%(worker_id)s, %(host)s, %(pid)s, %(process_started)s, %(parent_pid)s,
        clock_timestamp() - make_interval(secs => %(parent_silent_s)s), %(version)s, %(concurrency)s, %(operation_id)s,
        %(resident_bytes)s, %(memory_used_bytes)s, %(memory_limit_bytes)s, %(disk_free_bytes)s, %(disk_total_bytes)s)
ON CONFLICT (worker_id) DO UPDATE SET
    seen_at = excluded.seen_at, parent_seen_at = excluded.parent_seen_at, operation_id = excluded.operation_id,
    resident_bytes = excluded.resident_bytes, memory_used_bytes = excluded.memory_used_bytes,
    memory_limit_bytes = excluded.memory_limit_bytes, disk_free_bytes = excluded.disk_free_bytes,
    disk_total_bytes = excluded.disk_total_bytes

-- name: leave
-- One worker process has ended.
DELETE FROM worker_heartbeat WHERE worker_id = %(worker_id)s

-- name: quiet_neighbours
-- Processes of one machine that were not heard of lately.
SELECT worker_id, pid, process_started FROM worker_heartbeat
WHERE host = %(host)s AND seen_at < clock_timestamp() - make_interval(secs => %(silent_s)s)

-- name: remove_heartbeats
-- Those that are known to be gone, and those not heard of for long.
DELETE FROM worker_heartbeat
WHERE worker_id = ANY(%(gone)s::uuid[]) OR seen_at < clock_timestamp() - make_interval(secs => %(forgotten_s)s)

-- name: select_workers
-- Every worker process, and how long nothing was heard of it and of its parent.
SELECT host, pid, parent_pid, version, concurrency, operation_id IS NOT NULL AS busy,
       extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent_s,
       coalesce(extract(epoch FROM clock_timestamp() - parent_seen_at), 0)::float8 AS parent_silent_s,
       resident_bytes, memory_used_bytes, memory_limit_bytes, disk_free_bytes, disk_total_bytes
FROM worker_heartbeat ORDER BY host, parent_pid, pid LIMIT 1000

-- name: queue_state
-- How the queue stands over all tenants.
SELECT waiting, oldest_waiting_s, running, silent FROM queue_state()

-- name: queue_priorities
-- How long what nobody works on has waited, by priority.
SELECT priority, oldest_waiting_s FROM queue_priorities()

-- Migrations --------------------------------------------------------------------------------------------------------

-- name: lock_migrations
-- One migrator at a time in a database; released with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('pampax.migrate', 0))

-- name: create_schema_migration
-- The register of applied migration files. The same for all tenants.
CREATE TABLE IF NOT EXISTS schema_migration (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: has_schema_migration
-- Whether anything was ever migrated here.
SELECT to_regclass('schema_migration') IS NOT NULL AS present

-- name: applied_migrations
-- The register, oldest first.
SELECT name, sha256, applied_at FROM schema_migration ORDER BY name

-- name: record_migration
-- Enters one file into the register.
INSERT INTO schema_migration (name, sha256) VALUES (%(name)s, %(sha256)s)

-- name: let_services_check
-- Services compare the register with what they need.
GRANT SELECT ON schema_migration TO pampax_service

-- name: bootstrap_local
-- The tenant, principal, binding and key that a system begins with; changes nothing that is there.
WITH new_tenant AS (
    INSERT INTO tenant (tenant_id, name) VALUES (%(tenant_id)s, 'local') ON CONFLICT DO NOTHING
), new_principal AS (
    INSERT INTO principal (principal_id, tenant_id, name) VALUES (%(principal_id)s, %(tenant_id)s, 'local')
    ON CONFLICT DO NOTHING
), new_binding AS (
    INSERT INTO role_binding (tenant_id, principal_id, role) VALUES (%(tenant_id)s, %(principal_id)s, 'admin')
    ON CONFLICT DO NOTHING
)
INSERT INTO api_key (key_hmac, tenant_id, principal_id, local)
VALUES (%(key_hmac)s, %(tenant_id)s, %(principal_id)s, %(local)s) ON CONFLICT DO NOTHING

-- name: set_tenant
-- The tenant of this transaction.
SELECT set_config('pampax.tenant', %(tenant_id)s::text, true)

-- Isolation ---------------------------------------------------------------------------------------------------------

-- name: tenant_tables
-- Every table outside the system schemas, partitions and vector tables included, and what guards it.
SELECT c.oid::regclass::text AS name, c.relname::text AS short_name, c.relkind::text AS kind,
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, c.relowner::regrole::text AS owner,
       a.attname IS NOT NULL AS has_tenant, coalesce(a.attnotnull, false) AS tenant_required,
       coalesce('security_invoker=true' = ANY(c.reloptions), false) AS invoker,
       has_table_privilege('pampax_service', c.oid, 'TRUNCATE, REFERENCES, TRIGGER') AS service_may_more
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1

-- name: tenant_policies
-- Every policy, with its conditions as Postgres prints them.
SELECT p.polrelid::regclass::text AS table_name, p.polname::text AS name, p.polpermissive AS permissive,
       p.polcmd::text AS command, pg_get_expr(p.polqual, p.polrelid) AS using_condition,
       pg_get_expr(p.polwithcheck, p.polrelid) AS check_condition,
       ARRAY(SELECT CASE WHEN r = 0 THEN 'public' ELSE r::regrole::text END FROM unnest(p.polroles) r) AS roles
FROM pg_policy p ORDER BY 1, 2

-- name: role_weaknesses
-- Attributes and memberships with which a role of ours would see more than one tenant.
SELECT r.rolname::text AS role, 'is a superuser' AS why FROM pg_roles r
WHERE r.rolname IN ('pampax_service', 'pampax_definer') AND r.rolsuper
UNION ALL
SELECT r.rolname, 'has BYPASSRLS' FROM pg_roles r
WHERE r.rolname IN ('pampax_service', 'pampax_definer') AND r.rolbypassrls
UNION ALL
SELECT r.rolname, 'can log in' FROM pg_roles r WHERE r.rolname = 'pampax_definer' AND r.rolcanlogin
UNION ALL
SELECT r.rolname, 'is a member of ' || m.roleid::regrole FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
WHERE r.rolname IN ('pampax_service', 'pampax_definer')
UNION ALL
SELECT m.member::regrole::text, 'acts as pampax_definer' FROM pg_auth_members m
JOIN pg_roles r ON r.oid = m.roleid AND r.rolname = 'pampax_definer'
JOIN pg_roles u ON u.oid = m.member AND NOT u.rolsuper
WHERE m.inherit_option OR m.set_option
ORDER BY 1, 2

-- name: definer_functions
-- Functions that run with their owner's rights.
SELECT p.oid::regprocedure::text AS name, p.proowner::regrole::text AS owner,
       coalesce(EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%%'), false) AS has_search_path,
       has_function_privilege('public', p.oid, 'EXECUTE') AS public_may
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%%'
ORDER BY 1
