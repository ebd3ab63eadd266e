"""Which files a source holds: a local folder (git work tree or plain) or a git URL kept as a bare mirror.

Used by the indexing workers and by the command line, which uploads from the user's machine: so only the standard
library, pathspec, the `git` command and `pampax.core`. POSIX only: safe reading stands on openat and O_NOFOLLOW.
"""
