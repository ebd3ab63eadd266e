-- What is asked of context packs. The tenant comes from the transaction's setting, never from a parameter.

-- name: lock_packs
-- One change at a time in a tenant: what is looked at before it holds until it is done.
SELECT pg_advisory_xact_lock(hashtextextended('pampax.packs.' || current_setting('pampax.tenant'), 0));

-- name: count_packs
-- Of the tenant and of one principal.
SELECT count(*) AS all_packs, count(*) FILTER (WHERE owner_id = %(principal_id)s) AS own_packs FROM context_pack;

-- name: insert_pack
-- A new pack of a principal.
INSERT INTO context_pack (owner_id, name, shared, description, repositories, ref, languages, path_globs, kinds, mode,
                          result_limit, token_budget, policy, tests, docs, config)
VALUES (%(principal_id)s, %(name)s, %(shared)s, %(description)s, %(repositories)s, %(ref)s, %(languages)s, %(path_globs)s,
        %(kinds)s, %(mode)s, %(result_limit)s, %(token_budget)s, %(policy)s, %(tests)s, %(docs)s, %(config)s);

-- name: replace_pack
-- All of a pack but its name, its owner and its birth.
UPDATE context_pack SET shared = %(shared)s, description = %(description)s, repositories = %(repositories)s, ref = %(ref)s,
    languages = %(languages)s, path_globs = %(path_globs)s, kinds = %(kinds)s, mode = %(mode)s,
    result_limit = %(result_limit)s, token_budget = %(token_budget)s, policy = %(policy)s, tests = %(tests)s,
    docs = %(docs)s, config = %(config)s, updated_at = now()
WHERE pack_id = %(pack_id)s;

-- name: delete_pack
-- Of whomever it is: who may is decided before.
DELETE FROM context_pack WHERE pack_id = %(pack_id)s;
