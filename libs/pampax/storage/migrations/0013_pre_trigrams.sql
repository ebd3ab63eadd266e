-- Patterns: which trigrams a document holds, see pampax.codeintel.trigrams; '' of older builds, which hold any.
--
-- The bitmaps lie apart from the rows, because only searches for a pattern read them: rows of more than the target are
-- made shorter by moving out what is EXTERNAL, and MAIN stays.
ALTER TABLE document
    ADD COLUMN trigrams bytea NOT NULL DEFAULT '',
    ALTER COLUMN trigrams SET STORAGE EXTERNAL,
    ALTER COLUMN functions SET STORAGE MAIN,
    SET (toast_tuple_target = 128);
