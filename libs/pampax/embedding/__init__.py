"""Text to vectors behind one interface: `base` names it, `static` answers it with the table that ships in this package.

The table is a file of this package, so that a first index needs neither a network nor a key. Importing does no I/O.
"""
