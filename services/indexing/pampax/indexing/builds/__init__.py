"""Builds: the derived rows of a repository by the version of what made them, and the end of those that nothing uses."""
