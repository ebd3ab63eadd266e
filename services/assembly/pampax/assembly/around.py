"""What stands around the best candidates: the rest of a definition that a chunk cuts, the type that holds a method,
neighbours, the tests of a file, the files that the request names. Pure; `surroundings` reads what is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pampax.assembly.candidates import Candidate, Origin, best_first, candidate
from pampax.assembly.markup import code
from pampax.assembly.source import Definition, SourceFile, Span
from pampax.assembly.tested_paths import is_test_of

MAX_LOOKED_AROUND = 12  # best candidates whose surroundings count
MAX_REST_SPANS = 3  # on each side of a chunk that cuts a definition
MAX_TESTED_FILES = 8
MAX_TEST_SPANS = 2  # of one test file
MAX_SEED_SPANS = 200  # of one file: about 75,000 tokens
REST, HOLDER, NEIGHBOUR = 0.5, 0.3, 0.1  # share of the candidate's value
TEST, TEST_OF_FILE = 0.35, 0.15  # a test that names the symbol, one that only belongs to the file
SEED, SEED_OUTLINE = 0.6, 1.2
SEED_REASON = "named in the request"


def around(each: Candidate, file: SourceFile) -> list[Candidate]:
    """The rest of the definition that the candidate's lines belong to, the type around it, and its neighbours."""
    at = next((at for at, span in enumerate(file.spans) if span.start_line == each.place.start_line), None)
    if at is None:
        return []
    cut = _cut_definition(each, file)
    name = code(each.symbol) if each.symbol else f"lines {each.place.start_line}-{each.place.end_line}"
    found = [] if cut is None else _rest(each, cut, at, file, name)
    holder = next((one for one in reversed(file.definitions) if _holds(one, each)), None)
    if holder is not None:
        reason = f"holds {name}"
        place = file.place(holder.start_line, holder.end_line)
        found.append(candidate(place, Origin.DEFINITION, each.value * HOLDER, holder.qualified_name, reason))
    for span in file.spans[max(at - 1, 0) : at] + file.spans[at + 1 : at + 2]:
        found.append(_of_span(span, file, Origin.NEIGHBOUR, each.value * NEIGHBOUR, f"beside {name}"))
    return found


def tested_by(test: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates in files that the test file is about, by its name, best first."""
    return sorted((each for each in candidates if is_test_of(test, each.place.path)), key=best_first)


def tests(file: SourceFile, text: Mapping[int, str], tested: Sequence[Candidate]) -> list[Candidate]:
    """The spans of a test file that name most of what is tested; its first one when none names anything."""
    names = {each.symbol.rpartition(".")[2]: each for each in reversed(tested) if each.symbol}
    scored: list[tuple[float, int, Candidate]] = []
    for span in file.spans:
        words = set(re.findall(r"\w+", "\n".join(text.get(no, "") for no in range(span.start_line, span.end_line + 1))))
        used = [each for name, each in names.items() if name in words]
        if used:
            best = min(used, key=best_first)
            value = best.value * TEST * (1 + 0.1 * (len(used) - 1))
            reason = f"tests {code(best.symbol)}"
            scored.append((-value, span.start_line, _of_span(span, file, Origin.TEST, value, reason)))
    if scored:
        return [each for _, _, each in sorted(scored, key=lambda one: one[:2])[:MAX_TEST_SPANS]]
    reason = f"tests of {code(tested[0].place.path)}"
    return [_of_span(span, file, Origin.TEST, tested[0].value * TEST_OF_FILE, reason) for span in file.spans[:1]]


def seeds(file: SourceFile, lines: int) -> list[Candidate]:
    """A file that the request names: an outline or at least its place always, and its text as far as there is room."""
    whole = candidate(file.place(1, max(lines, 1)), Origin.OUTLINE, SEED_OUTLINE, "", SEED_REASON)
    return [
        whole, *(_of_span(span, file, Origin.SEED, SEED, SEED_REASON) for span in file.spans[:MAX_SEED_SPANS])
    ]  # fmt: skip


def _rest(each: Candidate, cut: Definition, at: int, file: SourceFile, name: str) -> list[Candidate]:
    inside = [
        (abs(index - at), span)
        for index, span in enumerate(file.spans)
        if 0 < abs(index - at) <= MAX_REST_SPANS and cut.start_line <= span.end_line and span.start_line <= cut.end_line
    ]
    return [
        _of_span(span, file, Origin.REST, each.value * REST / distance, f"the rest of {name}")
        for distance, span in inside
    ]


def _cut_definition(each: Candidate, file: SourceFile) -> Definition | None:
    """The function that the candidate names when some of it lies outside of the candidate's lines."""
    for one in file.definitions:
        if one.qualified_name == each.symbol and one.kind == "function":
            place = file.place(one.start_line, one.end_line)
            if place.meets(each.place) and not each.place.holds(place):
                return one
    return None


def _holds(one: Definition, each: Candidate) -> bool:
    return one.kind == "type" and one.start_line < each.place.start_line and each.place.end_line <= one.end_line


def _of_span(span: Span, file: SourceFile, origin: Origin, value: float, reason: str) -> Candidate:
    return candidate(file.place(span.start_line, span.end_line), origin, value, span.symbol, reason)
