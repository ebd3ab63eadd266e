"""The one entry point: REST with an OpenAPI 3.1 document, and the same calls over gRPC.

People, agents and CI call it with an API key. It finds out who they are, checks every bound, answers repeated questions
from Redis and asks search, assembly and indexing for the rest. What it computes with are the messages of the wire
themselves (pampax.v1): the use cases take and return them, REST and gRPC only spell them. It stores nothing of its own.
"""
