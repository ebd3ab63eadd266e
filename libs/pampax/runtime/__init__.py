"""How every process starts: settings, logging, request context, callers, the gRPC server and the channels to others.

`settings`, `logging`, `context` and `process` need no gRPC, so that a command line tool may use them too.
"""
