"""What repositories, refs and git objects may be called, and the resource names that the wire has for them.

Every part that takes a name checks it here, so that what one lets through no other refuses.
"""

from __future__ import annotations

import re

# In characters. A name of 63 fits wherever a DNS label does; git stores refs as files, whose names have 255.
LONGEST_REPOSITORY = 63
LONGEST_REF = 255

REPOSITORY_PATTERN = rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_REPOSITORY - 1}}}"
GIT_OBJECT_PATTERN = r"[0-9a-f]{40}"

# What a name must be, to follow "must be" in a refusal.
REPOSITORY_RULE = f"1 to {LONGEST_REPOSITORY} of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
REF_RULE = f"a branch, a tag or worktree, at most {LONGEST_REF} characters"
GIT_OBJECT_RULE = "40 hex digits in lower case"

REPOSITORIES = "repositories/"
CONTEXTS = "contexts/"
OPERATIONS = "operations/"

_REPOSITORY = re.compile(REPOSITORY_PATTERN)
_GIT_OBJECT = re.compile(GIT_OBJECT_PATTERN)
# What git refuses in a ref, and a leading dash or slash: the one would be an option, the other a path.
_BAD_REF = re.compile(r"^[-/]|\.\.|//|@\{|[ ~^:?*\[\\]|(^|/)\.|\.lock(/|$)|[./]$|^@$")


def is_repository(name: str) -> bool:
    return _REPOSITORY.fullmatch(name) is not None


def is_ref(name: str) -> bool:
    """A branch, tag or label that git takes as a value and a terminal can show; "" is none."""
    return 0 < len(name) <= LONGEST_REF and name.isprintable() and not _BAD_REF.search(name)


def is_git_object(text: str) -> bool:
    """The id of a commit or blob, written out."""
    return _GIT_OBJECT.fullmatch(text) is not None


def repository_resource(name: str) -> str:
    return REPOSITORIES + name


def plain_repository(resource: str) -> str:
    """`docs` of `repositories/docs`; what is no resource name stays as it is."""
    return resource.removeprefix(REPOSITORIES)


def context_resource(name: str) -> str:
    """Of a context pack, whose name follows the rule of repositories."""
    return CONTEXTS + name


def plain_context(resource: str) -> str:
    return resource.removeprefix(CONTEXTS)


def operation_resource(operation: str) -> str:
    return OPERATIONS + operation


def plain_operation(resource: str) -> str:
    return resource.removeprefix(OPERATIONS)
