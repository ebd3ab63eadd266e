"""Plans: what a run would do, worked out in a process of its own beside the service, and nothing written for it.

The service answers for its tenants; reading and parsing a tree belongs where it can be ended at any time.
"""
