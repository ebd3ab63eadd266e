"""The Model Context Protocol over standard input and output: the shared tools over a client of a gateway."""
