"""A map of repositories as an SVG: whoever needs another one stands to its left, as far as there is no cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from pampax.cli.graph_picture import BOX_HEIGHT, BOX_WIDTH, FILLS, MARGIN, ROW_GAP, arrow, cut, marker
from pampax.cli.map_page import needs, provides
from pampax.client.graph import MappedRepository, RepositoryLink, RepositoryMap

GAP = 270  # between columns: room for what an arrow says
LINE = 11  # of labels
IMPORTS, DECLARES = "imports", "references"  # colours


def map_picture(found: RepositoryMap) -> str:
    """The same bytes for the same answer. An arrow is dashed when only manifests tell of it."""
    columns = _columns(found)
    places = {
        name: (MARGIN + at * (BOX_WIDTH + GAP), MARGIN + row * (BOX_HEIGHT + 3 * ROW_GAP))
        for at, names in enumerate(columns)
        for row, name in enumerate(names)
    }
    width = 2 * MARGIN + max(len(columns), 1) * (BOX_WIDTH + GAP) - GAP + BOX_WIDTH // 2
    height = 2 * MARGIN + max((len(names) for names in columns), default=0) * (BOX_HEIGHT + 3 * ROW_GAP)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            'font-family="ui-monospace, monospace" font-size="12">'
        ),
        f"<defs>{marker(IMPORTS)}{marker(DECLARES)}</defs>",
        '<rect width="100%" height="100%" fill="white"/>',
        *(_link(link, places) for link in found.links),
        *(_box(each, *places[each.repo]) for each in found.repositories),
        # Over the arrows, which may cross.
        *_labels(found, places),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _columns(found: RepositoryMap) -> list[list[str]]:
    """A repository stands right of all that need it; a link that would close a cycle moves nothing."""
    needed: dict[str, list[str]] = {each.repo: [] for each in found.repositories}
    for link in found.links:
        needed[link.source].append(link.target)
    column = dict.fromkeys(needed, 0)
    ordered = _ordered(needed)
    rank = {name: at for at, name in enumerate(ordered)}
    for name in ordered:
        for target in needed[name]:
            if rank[target] > rank[name]:
                column[target] = max(column[target], column[name] + 1)
    linked = {name for link in found.links for name in (link.source, link.target)}
    columns: list[list[str]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for name in sorted(needed, key=lambda each: (each not in linked, each)):
        columns[column[name]].append(name)
    rows = {name: row for names in columns[:1] for row, name in enumerate(names)}
    for names in columns[1:]:
        # Beside those that need it, so that arrows cross less.
        beside = {name: [rows[source] for source in rows if name in needed[source]] for name in names}
        names.sort(key=lambda each: (sum(beside[each]) / max(len(beside[each]), 1), each))
        rows |= {name: row for row, name in enumerate(names)}
    return columns


def _ordered(needed: dict[str, list[str]]) -> list[str]:
    """Whoever needs something before what it needs; of a cycle, the one that most need comes last."""
    wanted = {name: sum(name in targets for targets in needed.values()) for name in needed}
    left = set(needed)
    ordered: list[str] = []
    while left:
        free = [name for name in left if not any(name in needed[other] for other in left - {name})]
        chosen = min(free or left, key=lambda name: (wanted[name] if not free else 0, name))
        ordered.append(chosen)
        left.discard(chosen)
    return ordered


def _link(link: RepositoryLink, places: dict[str, tuple[int, int]]) -> str:
    relation = IMPORTS if link.statements else DECLARES
    return arrow(places[link.source], places[link.target], relation, not link.statements, needs(link))


def _labels(found: RepositoryMap, places: dict[str, tuple[int, int]]) -> Iterator[str]:
    """Beside the repository that needs, one above the other; below the line those of links that lead back."""
    shown: Counter[tuple[str, bool]] = Counter()
    counts = Counter(link.source for link in found.links)
    for link in found.links:
        (left, top), (to_left, _) = places[link.source], places[link.target]
        backwards = to_left < left
        at = shown[link.source, backwards]
        shown[link.source, backwards] += 1
        across = left - ROW_GAP // 2 if backwards else left + BOX_WIDTH + ROW_GAP // 2
        down = top + BOX_HEIGHT // 2 + (12 + LINE * at if backwards else -4 - LINE * at)
        told = f"{link.target}: {needs(link)}" if counts[link.source] > 1 else needs(link)
        yield (
            f'<text x="{across}" y="{down}" text-anchor="{"end" if backwards else "start"}" font-size="10" '
            f'fill="#24292f" stroke="white" stroke-width="3" paint-order="stroke">{escape(told)}</text>'
        )


def _box(each: MappedRepository, left: int, top: int) -> str:
    told = provides(each)
    return (
        f"<g><title>{escape(f'{each.repo}: {told}')}</title>"
        f'<rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
        f'fill="{FILLS["function"]}" stroke="#d0d7de"/>'
        f'<text x="{left + 10}" y="{top + 18}" font-weight="600">{escape(cut(each.repo))}</text>'
        f'<text x="{left + 10}" y="{top + 34}" fill="#57606a" font-size="10">{escape(_begin(told, 40))}</text></g>'
    )


def _begin(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
