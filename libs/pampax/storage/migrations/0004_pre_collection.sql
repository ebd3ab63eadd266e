-- When snapshots were replaced, and what the collection of old content has done and has left to do.

-- When the ref that showed it passed to another one; NULL while a ref shows it, and for those that went before this column.
ALTER TABLE snapshot ADD COLUMN replaced_at timestamptz;

ALTER TABLE repository_build
    ADD COLUMN collected_at timestamptz,             -- when old content was looked for last; NULL: due, wholly
    ADD COLUMN dead_chunks integer NOT NULL DEFAULT 0; -- chunks that are gone and that posting lists still name
ALTER TABLE repository_build ALTER COLUMN collected_at SET DEFAULT now();
