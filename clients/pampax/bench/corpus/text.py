"""The text of one file of a generated repository."""

from __future__ import annotations

from random import Random

from pampax.bench.corpus.dialects import Words, title
from pampax.bench.corpus.plan import Module, Plan, method_name
from pampax.bench.corpus.vocabulary import NOUNS, SIDE_ROLES, below, draw, prose

Places = dict[str, str | int]

_FEWEST_STATEMENTS, _MOST_STATEMENTS = 2, 6
# A long file is several types of this many methods, as long files are.
_METHODS_PER_TYPE = 12
_ITEMS = ("index", "step", "part", "turn", "slot")


def file_text(plan: Plan, module: Module, wanted_bytes: int) -> str:
    """About so many bytes, all ASCII; never shorter than a type with the methods that other files know."""
    writer = _Writer(plan, module)
    parts = [writer.opening()]
    length = len(parts[0])
    written = 0
    while written < len(module.methods) or length < wanted_bytes:
        part = writer.next_type() if written and written % _METHODS_PER_TYPE == 0 else ""
        part += writer.method(module.methods[written] if written < len(module.methods) else None)
        parts.append(part)
        length += len(part)
        written += 1
    parts.append(writer.closing())
    return "".join(parts)


def refusal(module: Module) -> str:
    """The message that this file alone raises."""
    return f"{module.term} {module.noun} is refused"


def about(module: Module) -> str:
    """What the file is for, in the words of its documentation."""
    quality, noun, role = module.words
    verb = module.methods[0][0]
    return f"The {role} of every {quality} {noun}: decides when to {verb} it by the {module.term} rule"


class _Writer:
    """Draws the words of one file, in the order of its text."""

    def __init__(self, plan: Plan, module: Module) -> None:
        self._chance = Random(plan.seed * 2_000_003 + module.number)  # noqa: S311 - the same for everybody is the point
        self._module = module
        self._dialect = module.dialect
        self._used = [plan.module(number) for number in module.uses]
        self._type = module.type
        self._own = [self._dialect.case(words) for words in module.methods]

    def opening(self) -> str:
        dialect = self._dialect
        places = self._file_places(about(self._module))
        uses = "".join(dialect.use % self._used_places(used) for used in self._used)
        return dialect.open % places + uses + dialect.start % places + self._type_text(places)

    def next_type(self) -> str:
        """The end of one type and the beginning of a further one; nothing where a file is one type."""
        if self._dialect.one_type:
            return ""
        closing = self._dialect.type_close % self._file_places("")
        noun = NOUNS[below(self._chance, len(NOUNS))][1]
        self._type = self._dialect.type_case(
            (self._module.words[0], noun, SIDE_ROLES[below(self._chance, len(SIDE_ROLES))])
        )
        return closing + self._type_text(self._file_places(prose(self._chance, 9).capitalize()))

    def method(self, words: Words | None) -> str:
        dialect, chance = self._dialect, self._chance
        known = words is not None
        words = words or method_name(chance, self._module.noun)
        name = dialect.case(words)
        places = self._method_places(words, name)
        if known and name == self._own[0]:
            places["message"] = refusal(self._module)
        count = _FEWEST_STATEMENTS + below(chance, _MOST_STATEMENTS - _FEWEST_STATEMENTS + 1)
        lines = [dialect.method % places, *[self._statement(places) for _ in range(count)]]
        if known and name == self._own[0]:
            lines.append(dialect.statements[2] % places)
        if not known:
            self._own.append(name)
        lines.append(dialect.method_close % places)
        return "".join(lines)

    def closing(self) -> str:
        return self._dialect.type_close % self._file_places("")

    def _type_text(self, places: Places) -> str:
        dialect, chance = self._dialect, self._chance
        places["type"] = self._type
        places["k"], places["n"] = 2 + below(chance, 90), 1 + below(chance, 9)
        holds = "".join(dialect.holds % {**places, **self._used_places(used)} for used in self._used)
        return dialect.type_open % places + holds + dialect.type_start % places

    def _statement(self, places: Places) -> str:
        dialect, chance = self._dialect, self._chance
        places["k"], places["n"] = 2 + below(chance, 90), 1 + below(chance, 9)
        kind = below(chance, len(dialect.statements) + 2)
        if kind >= len(dialect.statements) and self._used:
            used = self._used[below(chance, len(self._used))]
            their = used.methods[below(chance, len(used.methods))]
            return dialect.theirs % {**places, **self._used_places(used), "their": dialect.case(their)}
        if kind == 0:
            places["prose"] = prose(chance, 4 + below(chance, 9)).capitalize()
        places["own"] = self._own[below(chance, len(self._own))]
        return dialect.statements[kind % len(dialect.statements)] % places

    def _file_places(self, doc: str) -> Places:
        module, chance = self._module, self._chance
        return {
            "type": self._type, "stem": module.stem, "area": module.area, "noun": module.noun, "term": module.term,
            "doc": f"{doc}.", "about": prose(chance, 7).capitalize() + ".", "k": 2 + below(chance, 90), "n": 1,
        }  # fmt: skip

    def _method_places(self, words: Words, name: str) -> Places:
        module, chance = self._module, self._chance
        verb, quality, noun = words
        other = draw(chance, _OTHERS)
        return {
            "method": name, "title": title(words), "noun": noun, "other": other, "own": self._own[0],
            "item": _ITEMS[below(chance, len(_ITEMS))], "type": self._type, "stem": module.stem,
            "says": f"{verb.capitalize()} the {quality} {noun} before its {other}; {prose(chance, 6)}.",
            "prose": "See above.", "message": f"{quality} {noun} has no {other}", "k": 2 + below(chance, 90), "n": 1,
        }  # fmt: skip

    def _used_places(self, used: Module) -> Places:
        return {
            "used": used.type, "used_stem": used.stem, "used_area": used.area, "used_noun": used.noun,
            "helper": "_".join(used.words[1:]),
        }  # fmt: skip


# Names of a second value; none is a keyword in any of the languages.
_OTHERS = ("limit_day", "deadline", "budget", "weight", "owner_id", "attempt", "ratio", "cutoff", "depth", "offset")
