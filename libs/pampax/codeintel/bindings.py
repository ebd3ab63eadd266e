"""Variables whose type a declaration tells: `pool: Pool`, `pool = Pool(...)`, `Pool pool;`, `pool := NewPool()`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Bound(NamedTuple):
    """`name` as code reaches the variable (`pool`, `self.pool`). `type` is as written: a type, or what is called
    (`Pool`, `Pool::new`, `open_pool`), whose result it then is."""

    name: str
    type: str
    line: int


_NAME = r"(?P<name>[$@]{0,2}[A-Za-z_][\w$]*(?:(?:\.|->)[A-Za-z_]\w*)?)"
_TYPE = r"(?P<type>[A-Za-z_\\][\w\\]*(?:(?:\.|::)[A-Za-z_]\w*)*)"
_WRAPPED = (
    r"(?:(?:typing\.)?(?:Optional|Final|ClassVar|Annotated|Type|type|Option|Box|Rc|Arc|RefCell|Mutex|Lazy)[\[<(]\s*)*"
)
# A type behind the name and a colon.
_TYPED = re.compile(rf"{_NAME}\s*[?!]?\s*:\s*(?:[&*?\[\]]|mut\b|dyn\b|impl\b|'\w+|\"|\s)*{_WRAPPED}{_TYPE}")
# The value is made or given by a call: Type(...), &Type{...}, new Type<...>(...).
_MADE = re.compile(
    rf"{_NAME}\s*(?:,\s*\w+\s*)*(?::\s*[^=(]{{1,80}})?(?::=|=)\s*(?:await\b|new\b|try\b[?!]?|&|\s)*{_TYPE}\s*(?:::<[^>]{{0,60}}>|<[^>()]{{0,60}}>)?\s*[({{]"
)
# Another variable, whose type it has then.
_SAME = re.compile(rf"{_NAME}\s*=\s*(?P<type>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\s*$")
_AS = re.compile(rf"{_TYPE}\s*\(.*\)\s*as\s+{_NAME}\s*$", re.DOTALL)
# A type in front of the name.
_BEFORE = re.compile(
    r"^(?:\s|@\w+(?:\([^()]*\))?|\[[^\]]*\]|\b(?:public|private|protected|internal|static|final|const|readonly|volatile|mutable|var|override"
    rf"|virtual|abstract|inline|extern|ref|out|in|params|struct|required|transient)\b)*{_TYPE}\s*(?:<[^;={{}}()]{{0,100}}>)?[?\[\]]*[\s*&]+"
    r"(?P<name>\$?[A-Za-z_]\w*)"
)
_GO = re.compile(rf"^(?:var\s+)?(?P<name>[A-Za-z_]\w*)(?:\s*,\s*\w+)*\s+[*\[\]&]*{_TYPE}")

_TYPED_FIRST = (_TYPED, _MADE)
_FORMS: Mapping[str, tuple[re.Pattern[str], ...]] = MappingProxyType(
    {
        "python": (_AS, _TYPED, _MADE, _SAME),
        **dict.fromkeys(("javascript", "typescript", "tsx", "kotlin", "scala", "swift", "rust"), _TYPED_FIRST),
        **dict.fromkeys(("java", "csharp", "cpp"), (_MADE, _BEFORE)),
        "go": (_MADE, _GO),
        "php": (_MADE, _BEFORE),
        "ruby": (_MADE,),
    }
)
# Types that name no code of a repository.
_PLAIN_TEXT = """
    Any None any auto bool boolean byte bytes char dict double error false final float int int32 int64 let list long
    mixed new null number object return self set short static str string tuple true u8 unknown usize val var void
"""
_PLAIN = frozenset(_PLAIN_TEXT.split())


def bound_by(language: str, text: str, line: int) -> list[Bound]:
    """What the text of a declaration, parameter or assignment says; nothing where it names no type."""
    for form in _FORMS.get(language, ()):
        found = form.search(text)
        if found is not None and found["type"] not in _PLAIN:
            name = found["name"].replace("->", ".").replace("$", "").replace("@", "self.", 1)
            return [Bound(name, found["type"], line)]
    return []
