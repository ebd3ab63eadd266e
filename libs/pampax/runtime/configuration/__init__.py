"""How a process learns its settings: `pampax.toml`, then PAMPAX_ variables, then flags, each overruling the one before.

Every source is checked for itself before they are put together, so that a mistake is named as it was written (file and
line, variable or flag), all mistakes of all sources are told at once, and none hides behind a source that overrules it.
"""
