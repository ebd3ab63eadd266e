"""The command `pampax`: runs a whole system on this machine, and calls any gateway through the typed client.

`main` builds the command and turns every failure into one line and an exit code; `commands` has a module per command;
`session` finds the endpoint and the key; `screen` writes for a terminal or for a pipe. Modules here import the client,
the embedded system and rich only inside functions, so that `pampax --help` answers at once.
"""
