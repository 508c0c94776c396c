"""Small pictures of motif classes, for reports and lists."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, permutations
from xml.sax.saxutils import escape

import numpy as np

from ._classes import Edge, MotifClass, image, relabelings
from ._sketch import named

HEIGHT = 48
"""Height of every drawing, in user units: at 48 px a unit is a pixel."""
RADIUS, MARGIN = 4.0, 5.0
COLUMN, ROW = 36.0, 24.0
"""The distance between columns, and the largest distance between rows."""
HEAD, HALF_WIDTH = 7.0, 2.8
"""Length of an arrowhead and half its width."""
_GLYPH_HEAD, _GLYPH_HALF_WIDTH = 11.0, 4.6
"""The same of triads and tetrads as glyphs, which are drawn at half the size."""

Point = tuple[float, float]
_FAR = HEIGHT - MARGIN
_CORNERS: dict[int, list[Point]] = {
    3: [(HEIGHT / 2, MARGIN), (MARGIN, _FAR), (_FAR, _FAR)],
    4: [(MARGIN, MARGIN), (_FAR, MARGIN), (MARGIN, _FAR), (_FAR, _FAR)],
}


@cache
def drawing(motif: MotifClass) -> str:
    """Return a class as an SVG element: nodes in columns by layer, arrows from left to right.

    It has the colour of the text around it and the class's name as title, and is readable at 48 px.
    Within a column, nodes are placed so that the fewest lines cross. Every line runs from one
    column to the next, so none passes through a node.

    **Returns:** an `<svg>` element for a file of its own or within HTML (no ids, no styles): for
    each edge a `<line>` with its arrowhead, a `<path>`; then for each node a `<circle>`.
    """
    return _svg(motif.name, 2 * MARGIN + COLUMN * motif.span, motif.edges, positions(motif))


@cache
def digraph_drawing(name: str) -> str:
    """Return a triad or tetrad as an SVG element: nodes at the corners, an arrow for each edge.

    A mutual pair is one line with two heads. Tetrads are placed so that few lines cross.

    **Errors:** ValueError for a name of no class of digraphs.
    """
    return _svg(name, float(HEIGHT), *_at_corners(name))


def _at_corners(name: str) -> tuple[Sequence[Edge], list[Point]]:
    """Return the edges of a triad or tetrad, and the centre of each node."""
    pattern = named(name)
    if pattern is None or len(pattern.layers) > 1:
        raise ValueError(f"no class of digraphs is named '{name}'")
    corners, size = _CORNERS[pattern.layers[0]], pattern.layers[0]

    def diagonals(order: tuple[int, ...]) -> list[int]:
        pairs = {frozenset((order[a], order[b])) for a, b in pattern.edges}
        apart = [frozenset((0, 3)) in pairs, frozenset((1, 2)) in pairs]
        return [all(apart), sum(apart)]

    order = min(permutations(range(size)), key=diagonals) if size == 4 else range(size)
    return pattern.edges, [corners[place] for place in order]


def _svg(name: str, width: float, edges: Sequence[Edge], places: Sequence[Point]) -> str:
    parts = [part for a, b in edges for part in _arrow(places[a], places[b])]
    parts += [f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS:g}"/>' for x, y in places]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:g} {HEIGHT}" '
        f'width="{width:g}" height="{HEIGHT}" fill="currentColor" stroke="none">'
        f"<title>{escape(name)}</title>{''.join(parts)}</svg>"
    )


@cache
def glyph(motif: MotifClass) -> str:
    """Return a class as one SVG path to be filled, for the marks of charts.

    The drawing of `drawing`, its lines as thin strips, centred in the square from -1 to 1.
    """
    return _outlined(2 * MARGIN + COLUMN * motif.span, motif.edges, positions(motif))


@cache
def digraph_glyph(name: str) -> str:
    """Return a triad or tetrad as one SVG path to be filled: as `glyph`, of `digraph_drawing`.

    **Errors:** ValueError for a name of no class of digraphs.
    """
    head = _GLYPH_HEAD, _GLYPH_HALF_WIDTH
    return _outlined(float(HEIGHT), *_at_corners(name), head)


def _outlined(
    width: float,
    edges: Sequence[Edge],
    places: Sequence[Point],
    head: tuple[float, float] = (HEAD, HALF_WIDTH),
) -> str:
    half = max(width, HEIGHT) / 2

    def outline(points: Sequence[Point]) -> str:
        centred = (((x - width / 2) / half, (y - HEIGHT / 2) / half) for x, y in points)
        return "M" + "L".join(f"{x:.3f},{y:.3f}" for x, y in centred) + "Z"

    corners = [(math.cos(angle), math.sin(angle)) for angle in np.arange(12) * math.pi / 6]
    shapes = [[(x + RADIUS * u, y + RADIUS * v) for u, v in corners] for x, y in places]
    for a, b in edges:
        at, tip = _along(places[a], places[b])
        base, half_width = tip - head[0], head[1]
        strip = [at(RADIUS, 1.0), at(base, 1.0), at(base, -1.0), at(RADIUS, -1.0)]
        shapes += [strip, [at(tip), at(base, half_width), at(base, -half_width)]]
    return "".join(map(outline, shapes))


def positions(motif: MotifClass) -> list[Point]:
    """Return the centre of each node, in the order of the nodes' numbers."""
    columns = [_column(layer, number) for layer, number in enumerate(motif.layers)]
    slots = [slot for column in columns for slot in column]

    def untidiness(relabeling: tuple[int, ...]) -> tuple[int, float]:
        moved = image(motif.edges, relabeling)
        lines = [(slots[a], slots[b]) for a, b in moved]
        return _crossings(lines), round(sum(abs(a[1] - b[1]) for a, b in lines), 6)

    best = min(relabelings(motif.layers), key=untidiness)
    return [slots[slot] for slot in best]


def _column(layer: int, number: int) -> list[Point]:
    """Return slots spread evenly about the middle."""
    gap = min(ROW, (HEIGHT - 2 * MARGIN) / max(1, number - 1))
    top = (HEIGHT - gap * (number - 1)) / 2
    return [(MARGIN + COLUMN * layer, top + gap * row) for row in range(number)]


def _crossings(lines: list[tuple[Point, Point]]) -> int:
    """Count the pairs of lines between the same two columns whose ends lie in opposite orders."""
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0
        for (a, b), (c, d) in combinations(lines, 2)
    )


def _arrow(source: Point, target: Point) -> tuple[str, str]:
    """Return a line from the rim of one node, and an arrowhead that touches the rim of another."""
    at, tip = _along(source, target)
    (x1, y1), (x2, y2) = at(RADIUS), at(tip - HEAD)
    line = f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
    corners = (at(tip), at(tip - HEAD, HALF_WIDTH), at(tip - HEAD, -HALF_WIDTH))
    outline = "L".join(f"{x:.2f} {y:.2f}" for x, y in corners)
    return f'{line} stroke="currentColor" stroke-width="1.6"/>', f'<path d="M{outline}Z"/>'


def _along(source: Point, target: Point) -> tuple[Callable[..., Point], float]:
    """Return points by their distance along an edge and aside of it, and where the edge ends."""
    length = math.dist(source, target)
    along = ((target[0] - source[0]) / length, (target[1] - source[1]) / length)

    def at(distance: float, aside: float = 0.0) -> Point:
        x = source[0] + along[0] * distance - along[1] * aside
        return x, source[1] + along[1] * distance + along[0] * aside

    return at, length - RADIUS
