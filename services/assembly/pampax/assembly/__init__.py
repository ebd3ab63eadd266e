"""The assembly service: bundles of the code that a task needs, inside a token budget, with a reason for every piece.

It answers the gateway, asks the search service for ranked chunks, reads symbols and text from Postgres and stores
nothing. The same request against the same snapshots gives the same bytes, which is what a bundle's signature promises.
"""
