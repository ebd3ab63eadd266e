"""Light suffix stemming: one form for a word's plural, -ing, -ed and -tion, never a linguistic root.

Agent nouns stay apart from their verbs (a parser is not parsing), and words that hold digits are left alone. Stems are
part of what is stored, so a change here needs a new build.
"""

from __future__ import annotations

import re

_MIN_STEM = 3
_VOWEL = re.compile("[aeiouy]")
_LOST_E = re.compile("[^aeiou][aeiouy][^aeiouwxy]|.*[^su]s")  # the root of naming, parsing
_NO_PLURAL = ("ss", "us", "is", "as")


def stem(word: str) -> str:
    """The stem of a lower-case word; other scripts and mixed words come back unchanged."""
    if len(word) <= _MIN_STEM or not (word.isascii() and word.isalpha()):
        return word
    word = _without_participle(_without_plural(word))
    if word.endswith("tion") and len(word) >= 8:
        word = word[:-3]
    if word.endswith("e") and len(word) > 4 and not word.endswith(("ee", "se")):
        word = word[:-1]
    return word


def _without_plural(word: str) -> str:
    if not word.endswith("s") or word.endswith(_NO_PLURAL):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def _without_participle(word: str) -> str:
    if word.endswith("ing") and len(word) >= _MIN_STEM + 3:
        root = word[:-3]
    elif word.endswith("ed") and len(word) >= _MIN_STEM + 2 and not word.endswith("eed"):
        root = word[:-2]
    else:
        return word
    if not _VOWEL.search(root):
        return word
    if len(root) > _MIN_STEM and root[-1] == root[-2] and root[-1] not in "lsze":
        return root[:-1]
    return root + "e" if _LOST_E.fullmatch(root) else root
