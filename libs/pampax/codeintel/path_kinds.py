"""What a path says of its file: a test, prose, configuration. One judgement for every service."""

from __future__ import annotations

import re

from pampax.codeintel.languages import language_of

_TEST = re.compile(
    r"(^|/)(tests?|spec|specs|__tests__|testing)/|(^|/)(test_[^/]*|conftest\.py|[^/]*[._-](tests?|spec)\.[^/]+"
    r"|[^/]*(Test|Tests|Spec)\.[a-z]+)$"
)
PROSE = re.compile(
    r"\.(md|mdx|markdown|mdown|mkd|rst|rest|adoc|asciidoc|txt|org|tex)$"
    r"|(^|/)(readme|changelog|changes|news|history|licen[cs]e|copying|authors|contributing|notice|todo)$",
    re.IGNORECASE,
)
_DOCS_FOLDER = re.compile(r"(^|/)(docs?|documentation)/", re.IGNORECASE)
_CONFIG_LANGUAGES = frozenset(
    {"cmake", "dockerfile", "hcl", "ini", "json", "makefile", "nix", "toml", "yaml", "xml"}
)  # fmt: skip
_CONFIG = re.compile(
    r"(^|/)(\.[^/]+rc|\.env[^/]*|\.git[a-z]+|requirements[^/]*\.txt|constraints[^/]*\.txt|go\.(mod|sum)|[^/]+\.lock"
    r"|[^/]+\.config\.[cm]?[jt]s|setup\.cfg|build\.gradle(\.kts)?|cmakelists\.txt)$",
    re.IGNORECASE,
)


def is_test(path: str) -> bool:
    return _TEST.search(path) is not None


def is_prose(path: str) -> bool:
    return PROSE.search(path) is not None


def is_docs(path: str) -> bool:
    """Prose, or whatever lies in a folder of documentation; a list of packages is neither, whatever its ending."""
    return not _CONFIG.search(path) and (is_prose(path) or _DOCS_FOLDER.search(path) is not None)


def is_config(path: str) -> bool:
    """What tells tools and programs how to run, and is neither code nor prose."""
    return _CONFIG.search(path) is not None or language_of(path) in _CONFIG_LANGUAGES
