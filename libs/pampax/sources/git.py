"""A git URL as a source: check it, keep a mirror of it, list a commit, read its blobs."""

from pampax.sources.address import check_git_url, is_git_url, parse_git_url
from pampax.sources.blobs import BlobReader
from pampax.sources.credentials import GitCredential, SshKey, Token, fits
from pampax.sources.history import commits_ahead, has_commit
from pampax.sources.mirror import fetch_blobs, remote_commit, remove_mirror, sync_mirror
from pampax.sources.objects import sizes_of
from pampax.sources.refs import resolve_ref
from pampax.sources.tree import Obtain, list_commit

__all__ = [
    "BlobReader",
    "GitCredential",
    "Obtain",
    "SshKey",
    "Token",
    "check_git_url",
    "commits_ahead",
    "fetch_blobs",
    "fits",
    "has_commit",
    "is_git_url",
    "list_commit",
    "parse_git_url",
    "remote_commit",
    "remove_mirror",
    "resolve_ref",
    "sizes_of",
    "sync_mirror",
]
