"""The picture of the first page: one brain, two nulls."""

import math
import re
from pathlib import Path

DATA = Path(__file__).parent.parent / "tests" / "data" / "mushroom_body"
WIDTH, ROW, LEFT, RIGHT, TOP = 560, 32, 190, 20, 58
_SIDES = ("width", "height")
BESIDE = {
    "layered": "beside as many random edges (null layered)",
    "degree": "beside networks of the same degrees (null degree)",
}
TICKS = (-3, 0, 3, 10, 30, 100)


def _place(z: float) -> float:
    """Return the place of a z on the axis, which is linear near 0 and logarithmic far from it."""
    low, high = math.asinh(-6), math.asinh(200)
    return LEFT + (math.asinh(z) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def two_nulls() -> str:
    """Return an SVG of the z of each motif of a larva's mushroom body, under both nulls."""
    from harness import motifs, network_files

    graph = network_files.read(DATA / "left.csv", nodes=DATA / "left_nodes.csv").graph
    exact = motifs.profile(graph, supports=["all"]).query("base_layer == -1")
    drawn = motifs.sampled_profile(graph, "degree", number=1000).query("base_layer == -1")
    layered = {row.motif: row.z for row in exact.itertuples() if row.count}
    degree = {row.motif: row.z for row in drawn.itertuples()}
    known = {one.name: one for order in (2, 3) for one in motifs.classes(order)}
    names = sorted(layered, key=lambda name: -layered[name])
    bottom = TOP + ROW * len(names)
    parts = [
        f'<line class="{"zero" if tick == 0 else "grid"}" x1="{_place(tick):.1f}" y1="{TOP}" '
        f'x2="{_place(tick):.1f}" y2="{bottom}"/><text class="tick" x="{_place(tick):.1f}" '
        f'y="{bottom + 18}">{tick:+d}</text>'.replace("+0", "0")
        for tick in TICKS
    ]
    for index, name in enumerate(names):
        y = TOP + ROW * (index + 0.5)
        shown, other = _place(layered[name]), degree[name]
        glyph = _placed(motifs.drawing(known[name]), 132, y)
        parts.append(f'<text class="name" x="126" y="{y + 4}">{name}</text>{glyph}')
        if math.isnan(other):
            parts.append(f'<text class="fixed" x="{_place(0) + 7:.1f}" y="{y + 4}">fixed</text>')
        else:
            parts.append(
                f'<rect class="degree" x="{_place(other) - 5:.1f}" y="{y - 5}" width="10" '
                f'height="10"><title>{name}, null degree: z {other:+.1f}</title></rect>'
            )
        parts.append(
            f'<circle class="layered" cx="{shown:.1f}" cy="{y}" r="6">'
            f"<title>{name}, null layered: z {layered[name]:+.1f}</title></circle>"
        )
    key = "".join(
        f'{mark}<text class="key" x="{LEFT - 42}" y="{y + 4}">{text}</text>'
        for mark, y, text in (
            (f'<circle class="layered" cx="{LEFT - 56}" cy="14" r="6"/>', 14, BESIDE["layered"]),
            (
                f'<rect class="degree" x="{LEFT - 61}" y="33" width="10" height="10"/>',
                38,
                BESIDE["degree"],
            ),
        )
    )
    return (
        f'<svg class="two-nulls" viewBox="0 0 {WIDTH} {bottom + 44}" role="img" aria-label="z of '
        f'{len(names)} motifs under two nulls: large under layered, near 0 under degree">{key}'
        f'{"".join(parts)}<text class="tick" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{bottom + 38}">'
        "z: standard deviations from what the null expects</text></svg>"
    )


def _placed(svg: str, x: float, middle: float) -> str:
    """Return a drawing at a place, in 6/10 of its size, its middle at a height."""
    head, _, rest = svg.partition(">")
    width, height = (float(re.search(rf'{side}="(\d+)"', head)[1]) * 0.6 for side in _SIDES)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    size = f'width="{width}" height="{height}"'
    return f'{head} x="{x}" y="{middle - height / 2}" {size}>{rest}'
