"""Context packs on the command line: which one a command works under, packs as files, packs for a person."""
