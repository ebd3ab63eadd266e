-- The code graph: what the code of a document uses, see pampax.codeintel.uses; '' of older builds.
ALTER TABLE document
    ADD COLUMN uses bytea NOT NULL DEFAULT '',   -- zstd frame
    ALTER COLUMN uses SET STORAGE EXTERNAL;
