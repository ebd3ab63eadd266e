-- Patterns: which grams a document holds, see pampax.codeintel.grams; '' of older builds, which hold any.
--
-- The bitmaps lie apart from the rows, because only searches for a pattern read them: rows of more than the target are
-- made shorter by moving out what is EXTERNAL, and MAIN stays.
ALTER TABLE document
    ADD COLUMN grams bytea NOT NULL DEFAULT '',
    ALTER COLUMN grams SET STORAGE EXTERNAL,
    ALTER COLUMN functions SET STORAGE MAIN,
    SET (toast_tuple_target = 128);
