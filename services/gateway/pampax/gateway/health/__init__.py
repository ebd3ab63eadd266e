"""The state of the system's parts: `asking` asks them all at the same time and waits for none for long, `judge` says
from the answers what is ok, degraded or failed and what to do, and `report` puts both together.
"""
