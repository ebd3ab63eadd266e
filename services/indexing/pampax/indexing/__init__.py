"""The service that keeps repositories and turns their content into an index.

`python -m pampax.indexing` answers the gateway over gRPC: repositories, uploads and long-running operations.
`python -m pampax.indexing worker` runs the operations that Celery hands it; `run` does one of them in its own process.
An operation is a row in Postgres: the broker only carries its id, so that losing the broker loses nothing.
"""
