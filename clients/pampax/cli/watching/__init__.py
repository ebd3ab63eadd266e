"""Keeping the index of a folder fresh while somebody works in it: what changes, when to refresh, and how."""
