"""A neighbourhood as an SVG: a column for each step, a box for each node, an arrow from what uses to what is used."""

from __future__ import annotations

from html import escape

from pampax.client.graph import GraphNode, Traversal

BOX_WIDTH, BOX_HEIGHT = 260, 44
COLUMN_GAP, ROW_GAP, MARGIN = 90, 16, 24
MAX_LABEL_CHARS = 30
COLOURS = {
    "calls": "#1f6feb", "references": "#8b949e", "inherits": "#8250df", "imports": "#bf8700", "tests": "#1a7f37",
    "changes_with": "#cf5f00",
}  # fmt: skip
FILLS = {"type": "#fbefff", "function": "#ddf4ff", "file": "#fff8c5"}
_PLAIN_FILL = "#f6f8fa"


def picture(found: Traversal) -> str:
    """The same bytes for the same answer."""
    columns: dict[int, list[int]] = {}
    for number, node in enumerate(found.nodes):
        columns.setdefault(node.depth, []).append(number)
    places = {
        number: (MARGIN + depth * (BOX_WIDTH + COLUMN_GAP), MARGIN + row * (BOX_HEIGHT + ROW_GAP))
        for depth, numbers in columns.items()
        for row, number in enumerate(numbers)
    }
    width = 2 * MARGIN + len(columns) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP
    tallest = max((len(numbers) for numbers in columns.values()), default=0)
    legend = MARGIN + tallest * (BOX_HEIGHT + ROW_GAP)
    used = sorted({edge.relation for edge in found.edges})
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{legend + 2 * MARGIN}" '
            'font-family="ui-monospace, monospace" font-size="12">'
        ),
        "<defs>" + "".join(_marker(relation) for relation in used) + "</defs>",
        '<rect width="100%" height="100%" fill="white"/>',
        *(
            _arrow(places[edge.source], places[edge.target], edge.relation, edge.certainty == "inferred", edge.why)
            for edge in found.edges
        ),
        *(_box(node, *places[number]) for number, node in enumerate(found.nodes)),
        *(
            f'<text x="{MARGIN + 110 * at}" y="{legend + MARGIN}" fill="{_colour(relation)}">{escape(relation)}</text>'
            for at, relation in enumerate(used)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _colour(relation: str) -> str:
    return COLOURS.get(relation, "black")


def _marker(relation: str) -> str:
    return (
        f'<marker id="{escape(relation)}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0,0 L8,4 L0,8 z" fill="{_colour(relation)}"/></marker>'
    )


def _arrow(source: tuple[int, int], target: tuple[int, int], relation: str, inferred: bool, why: str) -> str:
    """From side to side; between nodes of one column in a bow at their right."""
    (left, top), (to_left, to_top) = source, target
    top, to_top = top + BOX_HEIGHT // 2, to_top + BOX_HEIGHT // 2
    if left == to_left:
        start, end, bend = left + BOX_WIDTH, to_left + BOX_WIDTH, COLUMN_GAP // 2
        path = f"M{start},{top} C{start + bend},{top} {end + bend},{to_top} {end},{to_top}"
    else:
        start, end = (left + BOX_WIDTH, to_left) if left < to_left else (left, to_left + BOX_WIDTH)
        middle = (start + end) // 2
        path = f"M{start},{top} C{middle},{top} {middle},{to_top} {end},{to_top}"
    dashes = ' stroke-dasharray="5 3"' if inferred else ""
    return (
        f'<path d="{path}" fill="none" stroke="{_colour(relation)}" stroke-width="1.4"{dashes} '
        f'marker-end="url(#{escape(relation)})"><title>{escape(f"{relation}: {why}")}</title></path>'
    )


def _box(node: GraphNode, left: int, top: int) -> str:
    place = f"{node.path}:{node.start_line}" if node.symbol else node.path
    return (
        f"<g><title>{escape(f'{node.repo} {place} {node.signature}'.strip())}</title>"
        f'<rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
        f'fill="{FILLS.get(node.kind, _PLAIN_FILL)}" stroke="{"#cf222e" if node.depth == 0 else "#d0d7de"}"/>'
        f'<text x="{left + 10}" y="{top + 18}" font-weight="600">{escape(_cut(node.symbol or node.path))}</text>'
        f'<text x="{left + 10}" y="{top + 34}" fill="#57606a" font-size="10">{escape(_cut(place, 42))}</text></g>'
    )


def _cut(text: str, most: int = MAX_LABEL_CHARS) -> str:
    """Its end: what tells names and paths apart stands there."""
    return text if len(text) <= most else f"…{text[1 - most :]}"
