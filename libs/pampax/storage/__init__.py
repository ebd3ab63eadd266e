"""Where everything is kept: Postgres behind row-level security, Redis as a cache that may vanish.

`database` hands out transactions of one tenant, `readiness` says whether a service can work with it, `migrate` makes
and checks the schema, `isolation` says where tenants are not kept apart, `snapshots`, `publishing` and `operations`
hold the SQL that several services share, and `bitmap`, `posting` and `blobs` are the packed formats inside the rows.
"""
