"""The code graph of snapshots: which definitions there are, and what uses what."""
