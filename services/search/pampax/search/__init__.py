"""The search service: ranked chunks with evidence, and the text of files.

It answers the gateway and the assembly service, reads Postgres and stores nothing. Ranking is a weighted sum of
features per file, then a free choice of chunks inside the ranked files; the weights are data (`weights.py`).
"""
