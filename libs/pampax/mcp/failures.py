"""What an agent hears when something went wrong: what it is, and what to call next."""

from __future__ import annotations

from collections.abc import Mapping

from pampax.core.errors import (
    Aborted,
    DeadlineExceeded,
    PampaxError,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

# The messages themselves speak to people with a command line.
_BY_REASON: Mapping[str, str] = {
    "REPOSITORY_NOT_FOUND": "get_project_stats lists the repositories that can be read; index_project adds one",
    "NOT_INDEXED": "call update_project with its name, then get_project_stats until it is published",
    "REF_NOT_FOUND": "leave ref away, or look at the refs that get_project_stats names",
    "FILE_NOT_FOUND": "search_code with the file's name finds its path",
    "CHUNK_NOT_FOUND": "call search_code again, or give repo, path and lines instead of the id",
    "SYMBOL_NOT_FOUND": 'search_code with mode "symbol" finds names; a place is PATH:LINE',
    "PACK_NOT_FOUND": "use_context_pack without a name lists the packs",
    "PACK_EMPTY": "leave pack away, or tell the user that nothing of it can be read",
    "OUTSIDE_PACK": "use_context_pack shows what the pack narrows to; or leave pack away",
    "SNAPSHOT_REPLACED": "call it again",
    "STALE": "call update_project with its name",
    "OTHER_SOURCE": "choose another name, or call update_project for the one that is there",
    "LOCAL_ONLY": "give git_url instead; a person can send a folder there with `pampax index FOLDER`",
}
_BY_KIND: Mapping[type[PampaxError], str] = {
    Unavailable: "wait a few seconds and call it again; if it stays so, tell the user",
    ResourceExhausted: "wait a few seconds and call it again; if it stays so, tell the user",
    DeadlineExceeded: "ask for less: name repos, lower limit, token_budget, depth or max_nodes",
    Aborted: "call it again",
    Unauthenticated: "tell the user: the API key has to be replaced in the configuration of this server",
    PermissionDenied: "tell the user: the API key lacks the right",
}


def told(error: PampaxError) -> str:
    """One line or two; the request's id finds it in the logs."""
    advice = _BY_REASON.get(error.reason) or _BY_KIND.get(type(error), "")
    request = error.metadata.get("corr_id", "")
    known = f"{error.reason}, request {request}" if request else error.reason
    return f"{error.message} ({known})" + (f"\nNext: {advice}." if advice else "")
