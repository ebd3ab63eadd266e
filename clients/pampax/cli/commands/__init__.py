"""One module per command; each has a `command` of the same name."""
