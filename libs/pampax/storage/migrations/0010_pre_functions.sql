-- Where functions begin: ranking prefers them among the chunks of a file.
ALTER TABLE document
    ADD COLUMN functions bytea NOT NULL DEFAULT ''; -- a byte a chunk, 1 where its first definition is a function; '' before
