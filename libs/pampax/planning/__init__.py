"""What indexing a tree would do, told without doing it: by the rules of a run, with its chunks counted or estimated.

Used by the indexing service for the sources that it can reach, and by the command line for everything else.
"""
