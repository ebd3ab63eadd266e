"""What a process tells about its work: the registry of all names, the metrics under them and how they are shown.

Logs are in `pampax.runtime.logging`, their event names in the same registry.
"""
