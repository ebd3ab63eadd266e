"""The code graph of a snapshot: which definition a use means, and how definitions and files hang together.

Nothing of it is stored but what `pampax.codeintel.uses` keeps of each document: names are linked when somebody asks, by
the files of the snapshot that is asked about, so a refresh has nothing to link anew.
"""
