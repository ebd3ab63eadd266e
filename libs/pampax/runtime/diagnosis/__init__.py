"""What a process knows of itself: its memory, disk and settings, its readiness, and what its parts tell of theirs.

`service` answers it on every server, from memory and at once; the gateway asks all servers and judges.
"""
