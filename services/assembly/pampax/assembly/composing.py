"""From candidates to the text of a bundle that never exceeds its budget. Pure: the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pampax.assembly import text
from pampax.assembly.bundle import Item, Omitted, Rendering, StoppingReason
from pampax.assembly.candidates import Candidate, Origin, combined, taken_in
from pampax.assembly.choice import USUAL, Choice, Menu, Option, Rules, choose, usefulness
from pampax.assembly.markup import shortened
from pampax.assembly.pieces import Piece, merged, piece_of
from pampax.assembly.source import FileKey, SourceFile
from pampax.assembly.standing import signs_of, standings
from pampax.assembly.text import Frame, Subject
from pampax.codeintel.tokens import TokenCounter
from pampax.core.errors import FailedPrecondition

FRAME_SHARE = 4  # title and footer take at most a quarter of the budget
OMITTED_SHARE = 25  # the list of what was left out takes at most one part in so many, and no more than:
OMITTED_TOKENS = 300
MIN_BUDGET_FOR_OMITTED = 1_000
MAX_OMITTED = 50
MAX_LISTED = 12
# Merging changes what pieces cost, so the text is composed again with a corrected allowance until it fits well.
MAX_ROUNDS = 8
SLACK = 0.03  # share of the budget that is not worth another round

# Budgets that what must be shown fills before the rest of it is not counted any more.
HOPELESS = 50

ONE_LINE_SHARE = 0.9  # of a definition of one line, shown by its signature

MUST_NOT_FIT = "MUST_INCLUDE_TOO_LARGE"
NOTHING_FITS = "No piece fits into this budget; allow more tokens."
NOTHING_FOUND = "Nothing in the index fits this task. Say it in other words, or name other repositories or paths."


@dataclass(frozen=True, slots=True)
class Composed:
    """`used` counts the markdown, which is what the budget bounds. `fitted` is the share of the wanted value shown."""

    markdown: str
    used: int
    items: tuple[Item, ...]
    omitted: tuple[Omitted, ...]
    stopping_reason: StoppingReason
    fitted: float = 0.0


def compose(
    subject: Subject,
    candidates: Sequence[Candidate],
    files: Mapping[FileKey, SourceFile],
    budget: int,
    counter: TokenCounter,
    *,
    musts: Sequence[Candidate] = (),
    rules: Rules = USUAL,
    standing: Mapping[FileKey, float] | None = None,
) -> Composed:
    """CPU-bound: about 20 ms for 8,000 tokens, 200 ms for 200,000.

    `standing` is that of the candidates' files, 1 for the best; by what was found in them where it is not given.
    `musts` are shown in full whatever else there is; FailedPrecondition tells the tokens that they need where the
    budget is too small for them.
    """
    must, left = taken_in(musts, combined(candidates)) if musts else ((), combined(candidates))
    stands = standings(signs_of(candidates)) if standing is None else standing
    return _Composer(subject, left, files, budget, counter, must, rules, stands).composed()


class _Composer:
    def __init__(
        self,
        subject: Subject,
        candidates: Sequence[Candidate],
        files: Mapping[FileKey, SourceFile],
        budget: int,
        counter: TokenCounter,
        musts: Sequence[Candidate],
        rules: Rules,
        standing: Mapping[FileKey, float],
    ) -> None:
        self._musts = musts
        self._standing = standing
        self._rules = rules
        self._subject = subject
        self._candidates = candidates
        self._files = files
        self._budget = budget
        self._count_text = counter.count
        self._counted: dict[str, int] = {}

    def composed(self) -> Composed:
        if not self._candidates and not self._musts:
            return self._nothing()
        least = self._least()
        frame = self._frame(sorted({each.place.repository for each in [*self._musts, *self._candidates]}), least)
        first = self._first_of_files()
        menus = self._menus(first)
        reserve = min(self._budget // OMITTED_SHARE, OMITTED_TOKENS) if self._budget >= MIN_BUDGET_FOR_OMITTED else 0
        best: Composed | None = None
        allowance = self._budget - self._count(frame.text) - least - reserve
        for _ in range(MAX_ROUNDS):
            choice = choose(menus, allowance, self._rules)
            drawn = self._draw(frame, choice, menus)
            if drawn.used <= self._budget and (best is None or drawn.used >= best.used):
                best = drawn
            correction = self._correction(drawn, choice, reserve)
            if correction == 0 or allowance + correction <= 0:
                break
            allowance += correction
        return best or self._musts_alone(menus)

    def _least(self) -> int:
        """Tokens of what must be shown. FailedPrecondition where the budget has no room for it."""
        if not self._musts:
            return 0
        frames = text.frames(self._subject, ())
        sections = self._must_sections()
        needed = self._hopeless(sections) or self._count_text(text.whole(frames[-1], sections, [], []))
        if needed > self._budget:
            named = ", ".join(
                f"{each.place.path}:{each.place.start_line}-{each.place.end_line}" for each in self._musts
            )
            at_least = " at least" if needed > HOPELESS * self._budget else ""
            raise FailedPrecondition(
                f"must_include needs {needed} tokens{at_least} and the budget is {self._budget}: allow more, or name "
                f"less than {shortened(named, 300)}",
                reason=MUST_NOT_FIT,
                metadata={"tokens_needed": str(needed), "token_budget": str(self._budget)},
            )
        return needed - self._count(frames[-1].text)

    def _hopeless(self, sections: Sequence[str]) -> int:
        """Tokens of the first sections that are far too much together, so that megabytes need not be counted; 0 where
        they are not."""
        total = 0
        for section in sections:
            total += self._count(section)
            if total > HOPELESS * self._budget:
                return total
        return 0

    def _must_sections(self) -> list[str]:
        pieces = merged([(each, Rendering.FULL) for each in self._musts], self._files)
        return [self._section(piece) for piece in pieces]

    def _musts_alone(self, menus: Sequence[Menu]) -> Composed:
        """Nothing beside what must be shown, under the longest title that leaves room for it."""
        if self._musts:
            everything = Choice({}, tuple(range(len(menus))), ())
            for frame in text.frames(self._subject, sorted({each.place.repository for each in self._musts})):
                drawn = self._draw(frame, everything, menus)
                if drawn.used <= self._budget:
                    return drawn
        return self._nothing()

    def _section(self, piece: Piece) -> str:
        return text.section(piece, many=self._subject.many, compactly=self._subject.compact)

    def _correction(self, drawn: Composed, choice: Choice, reserve: int) -> int:
        """Tokens that the next round may spend more, or must spend less; 0 when another round is not worth it."""
        over = drawn.used - self._budget
        if over > 0:
            return -(over + self._budget // 100 + 1)
        left = -over - (0 if drawn.omitted else reserve)
        return left if choice.refused and left > max(64, SLACK * self._budget) else 0

    def _draw(self, frame: Frame, choice: Choice, menus: Sequence[Menu]) -> Composed:
        chosen = [(self._candidates[index], rendering) for index, rendering in choice.shown.items()]
        pieces = merged([*((must, Rendering.FULL) for must in self._musts), *chosen], self._files)
        omitted = self._omitted(choice, menus, pieces)
        shown = [(piece, self._section(piece)) for piece in pieces]
        code = [block for piece, block in shown if piece.rendering > Rendering.SIGNATURE]
        lines = [block for piece, block in shown if piece.rendering <= Rendering.SIGNATURE]
        if not shown:
            code = [NOTHING_FITS]
        markdown = text.whole(frame, code, lines, [])
        used = self._count_text(markdown)
        markdown, used = self._with_omitted(frame, code, lines, omitted, markdown, used)
        items = self._items(shown)
        reason = StoppingReason.BUDGET_FULL if choice.refused else StoppingReason.NOTHING_MORE_USEFUL
        return Composed(markdown, used, items, omitted, reason, self._fitted(choice))

    def _items(self, shown: Sequence[tuple[Piece, str]]) -> tuple[Item, ...]:
        """In reading order, each with its rank in the order of value; what stands first wins ties."""
        ranked = sorted(range(len(shown)), key=lambda at: (-shown[at][0].value, at))
        ranks = {at: rank for rank, at in enumerate(ranked, 1)}
        return tuple(
            _item(piece, self._count(block), ranks[at], self._rules) for at, (piece, block) in enumerate(shown)
        )

    def _fitted(self, choice: Choice) -> float:
        """Of the value of all that was worth showing; what a rendering gives of a piece's value counts."""
        musts = sum(each.value for each in self._musts)
        wanted = sum(self._candidates[at].value for at in choice.shown.keys() | set(choice.refused))
        given = sum(self._candidates[at].value * self._rules.shares[way] for at, way in choice.shown.items())
        return round((given + musts) / max(wanted + musts, 1e-9), 4)

    def _with_omitted(
        self,
        frame: Frame,
        code: Sequence[str],
        lines: Sequence[str],
        omitted: Sequence[Omitted],
        markdown: str,
        used: int,
    ) -> tuple[str, int]:
        """The same with the list of what was left out, as long as it may be; without it where there is no room."""
        if self._budget < MIN_BUDGET_FOR_OMITTED or used > self._budget:
            return markdown, used
        room = min(self._budget - used, OMITTED_TOKENS, self._budget // OMITTED_SHARE)
        listed: list[str] = []
        spent = self._count(f"{text.OMITTED_HEADING}\n\n")
        for each in omitted[:MAX_LISTED]:
            line = text.omitted_line(each, many=self._subject.many, compactly=self._subject.compact)
            spent += self._count(f"{line}\n")
            if spent > room:
                break
            listed.append(line)
        longer = text.whole(frame, code, lines, listed) if listed else markdown
        count = self._count_text(longer)
        return (longer, count) if count <= self._budget else (markdown, used)

    def _omitted(self, choice: Choice, menus: Sequence[Menu], pieces: Sequence[Piece]) -> tuple[Omitted, ...]:
        order = dict.fromkeys([*choice.refused, *choice.dismissed])
        refused = frozenset(choice.refused)
        unseen = [at for at in order if at not in choice.shown and not _is_seen(self._candidates[at], pieces)]
        return tuple(self._left_out(at, menus[at], at in refused) for at in unseen[:MAX_OMITTED])

    def _left_out(self, at: int, menu: Menu, refused: bool) -> Omitted:
        each = self._candidates[at]
        tokens = menu.options[-1].tokens if menu.options else self._fullest(each)
        why = "the budget is full" if refused else f"worth less than {self._rules.min_share:.0%} of the best piece"
        place = each.place
        return Omitted(
            place.repository, place.path, place.start_line, place.end_line, tokens, f"{why}; {each.reason}",
            each.symbol, self._files[place.file].id_of(place.start_line, place.end_line), each.value,
            round(each.value / max(tokens, 1), 6),
        )  # fmt: skip

    def _first_of_files(self) -> frozenset[int]:
        """The best candidate of each file of which nothing is shown in any case."""
        shown = {each.place.file for each in self._musts}
        first: dict[FileKey, int] = {}
        for at, each in enumerate(self._candidates):
            if each.origin is not Origin.NEIGHBOUR and each.place.file not in shown:
                first.setdefault(each.place.file, at)
        return frozenset(first.values())

    def _menus(self, first: frozenset[int]) -> list[Menu]:
        """Those that are dismissed for their value have no options: counting tokens is most of the work here."""
        bare = [self._menu(each, first=at in first) for at, each in enumerate(self._candidates)]
        useful = usefulness(bare, self._rules)
        return [
            replace(menu, options=self._options(each)) if menu.required or useful(menu) else menu
            for each, menu in zip(self._candidates, bare, strict=True)
        ]

    def _menu(self, each: Candidate, *, first: bool) -> Menu:
        """Without its options."""
        standing = self._standing.get(each.place.file, 0.0)
        stands = standing >= self._rules.file_floor
        return Menu(
            value=each.value if stands or each.origin is not Origin.HIT else 0.0,
            options=(),
            required=each.origin is Origin.OUTLINE,
            presence=round(self._rules.presence * standing, 4) if first and stands else 0.0,
        )

    def _options(self, each: Candidate) -> tuple[Option, ...]:
        """Renderings that show more for more tokens, cheapest first."""
        file = self._files[each.place.file]
        options: list[Option] = []
        for rendering in _renderings(each, file):
            piece = piece_of(each, rendering, file)
            if piece is None:
                continue
            tokens = self._count(self._section(piece) + "\n\n")
            share = ONE_LINE_SHARE if _says_all(piece) else self._rules.shares[rendering]
            if not options or tokens < options[-1].tokens:
                options.append(Option(rendering, tokens, share))
        return tuple(reversed(options))

    def _fullest(self, each: Candidate) -> int:
        """Tokens of the fullest of its renderings."""
        file = self._files[each.place.file]
        pieces = (piece_of(each, rendering, file) for rendering in _renderings(each, file))
        return next((self._count(self._section(piece) + "\n\n") for piece in pieces if piece is not None), 0)

    def _frame(self, repositories: Sequence[str], least: int = 0) -> Frame:
        """`least`: tokens that pieces need in any case."""
        possible = text.frames(self._subject, repositories)
        most = min(self._budget // FRAME_SHARE, self._budget - least)
        return next((frame for frame in possible if self._count(frame.text) <= most), possible[-1])

    def _nothing(self) -> Composed:
        """A bundle without pieces; the last frame is a word or two, so it always fits."""
        reason, advice = StoppingReason.NO_RESULTS, NOTHING_FOUND
        if self._candidates:
            reason, advice = StoppingReason.BUDGET_FULL, NOTHING_FITS
        markdown = text.whole(self._frame([]), [advice], [], [])
        return Composed(markdown, self._count_text(markdown), (), (), reason)

    def _count(self, block: str) -> int:
        known = self._counted.get(block)
        if known is None:
            known = self._counted[block] = self._count_text(block)
        return known


def _is_seen(each: Candidate, pieces: Sequence[Piece]) -> bool:
    """Whether the text of other pieces shows it, or for an outline anything of its file."""
    if each.origin is Origin.OUTLINE:
        return any(piece.place.file == each.place.file for piece in pieces)
    return any(piece.rendering is Rendering.FULL and piece.place.holds(each.place) for piece in pieces)


def _renderings(each: Candidate, file: SourceFile) -> Sequence[Rendering]:
    """What makes sense for the candidate, fullest first: an outline is not the text, and a line needs no fence."""
    if each.origin is Origin.OUTLINE:
        return (Rendering.SKELETON, Rendering.REFERENCE)
    place = each.place
    if place.start_line == place.end_line and any(place.start_line == one.start_line for one in file.definitions):
        return (Rendering.SIGNATURE, Rendering.REFERENCE)
    return (Rendering.FULL, Rendering.SKELETON, Rendering.SIGNATURE, Rendering.REFERENCE)


def _says_all(piece: Piece) -> bool:
    return piece.rendering is Rendering.SIGNATURE and piece.place.start_line == piece.place.end_line


def _item(piece: Piece, tokens: int, rank: int, rules: Rules) -> Item:
    place = piece.place
    share = ONE_LINE_SHARE if _says_all(piece) else rules.shares[piece.rendering]
    return Item(
        place.repository, place.path, place.start_line, place.end_line, piece.rendering, tokens, piece.reason,
        piece.evidence, piece.content, piece.language, piece.symbol, piece.id, piece.value,
        round(piece.value * share / max(tokens, 1), 6), rank,
    )  # fmt: skip
