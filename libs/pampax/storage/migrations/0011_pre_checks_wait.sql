-- As before, but a repository that is being indexed is left alone: a check takes a processor that its first index needs,
-- and compares what may be gone before it ends. One that is indexed all the time is checked all the same, now and then.
GRANT pampax_definer TO CURRENT_USER;
CREATE OR REPLACE FUNCTION take_due_check(every interval) RETURNS TABLE (repository_id bigint, tenant_id uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('pampax.check', 0)) THEN RETURN; END IF;
    IF EXISTS (SELECT FROM index_check c WHERE c.begun_at > now() - every) THEN RETURN; END IF;
    RETURN QUERY
        INSERT INTO index_check AS c (repository_id, tenant_id, begun_at)
        SELECT r.repository_id, r.tenant_id, now()
        FROM (SELECT f.repository_id, f.tenant_id, min(f.published_at) AS since FROM ref f GROUP BY 1, 2) r
        LEFT JOIN index_check last ON last.repository_id = r.repository_id
        WHERE coalesce(last.begun_at, r.since) < now() - 5 * every
           OR NOT EXISTS (SELECT FROM operation o WHERE o.repository_id = r.repository_id AND o.state = 'running')
        ORDER BY last.begun_at NULLS FIRST, r.repository_id LIMIT 1
        ON CONFLICT ON CONSTRAINT index_check_pkey DO UPDATE SET begun_at = excluded.begun_at
        RETURNING c.repository_id, c.tenant_id;
END $$;
REVOKE pampax_definer FROM CURRENT_USER;
