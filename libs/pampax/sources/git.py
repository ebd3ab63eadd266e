"""A git URL as a source: check it, keep a mirror of it, list a commit, read its blobs."""

from pampax.sources.address import check_git_url, is_git_url, parse_git_url
from pampax.sources.blobs import BlobReader
from pampax.sources.mirror import remove_mirror, sync_mirror
from pampax.sources.refs import resolve_ref
from pampax.sources.tree import list_commit

__all__ = [
    "BlobReader",
    "check_git_url",
    "is_git_url",
    "list_commit",
    "parse_git_url",
    "remove_mirror",
    "resolve_ref",
    "sync_mirror",
]
