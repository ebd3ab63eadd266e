-- What a context pack fills in of a bundle beside its budget; '' for none, which is what older code writes.
ALTER TABLE context_pack
    ADD COLUMN policy text NOT NULL DEFAULT '' CHECK (length(policy) <= 20),
    ADD COLUMN tests  text NOT NULL DEFAULT '' CHECK (length(tests) <= 20),
    ADD COLUMN docs   text NOT NULL DEFAULT '' CHECK (length(docs) <= 20),
    ADD COLUMN config text NOT NULL DEFAULT '' CHECK (length(config) <= 20);
