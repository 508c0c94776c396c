"""Drawings of motif classes: well formed, true to the class, and each unlike the others."""

import math
from xml.etree import ElementTree

import pytest

from harness.motifs import classes, digraph_drawing, digraph_glyph, drawing, glyph, named
from harness.motifs._census import connected_classes

ALL = [motif for order in (2, 3, 4) for motif in classes(order)]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(motif):
    """The SVG element, the centres and radii of its nodes, the ends of its lines."""
    svg = ElementTree.fromstring(drawing(motif))
    nodes = [
        tuple(float(c.get(key)) for key in ("cx", "cy", "r")) for c in svg.iter(f"{SVG}circle")
    ]
    keys = ("x1", "y1", "x2", "y2")
    lines = [tuple(float(line.get(key)) for key in keys) for line in svg.iter(f"{SVG}line")]
    return svg, nodes, lines


def distance(node, line):
    """How far a node's centre is from a line."""
    (x, y, _), (x1, y1, x2, y2) = node, line
    along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / math.dist((x1, y1), (x2, y2)) ** 2
    along = min(1, max(0, along))
    return math.dist((x, y), (x1 + along * (x2 - x1), y1 + along * (y2 - y1)))


def edges(motif):
    """The edges as drawn: each line reaches back and on to the centres of two nodes."""
    _, nodes, lines = parsed(motif)
    found = []
    for x1, y1, x2, y2 in lines:
        length = math.dist((x1, y1), (x2, y2))
        ahead = ((x2 - x1) / length, (y2 - y1) / length)
        ends = []
        for x, y, steps in ((x1, y1, -4), (x2, y2, 11)):
            point = (x + steps * ahead[0], y + steps * ahead[1])
            (node,) = [n for n, one in enumerate(nodes) if math.dist(point, one[:2]) < 0.1]
            ends.append(node)
        found.append(tuple(ends))
    return tuple(sorted(found))


@pytest.mark.parametrize("motif", ALL, ids=lambda motif: motif.name)
def test_it_shows_the_class(motif):
    svg, nodes, lines = parsed(motif)
    assert svg.tag == f"{SVG}svg"
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == motif.name
    assert svg.get("fill") == "currentColor"
    assert "id=" not in drawing(motif)
    assert len(nodes) == motif.order + 1
    assert len(lines) == len(motif.edges) == len(list(svg.iter(f"{SVG}path")))
    assert edges(motif) == motif.edges
    columns = sorted({x for x, _, _ in nodes})
    assert [[x for x, _, _ in nodes].count(column) for column in columns] == list(motif.layers)


@pytest.mark.parametrize("motif", ALL, ids=lambda motif: motif.name)
def test_it_is_readable_and_within_its_box(motif):
    svg, nodes, lines = parsed(motif)
    left, top, width, height = map(float, svg.get("viewBox").split())
    assert (left, top, height) == (0, 0, 48)
    assert all(r <= x <= width - r and r <= y <= height - r for x, y, r in nodes)
    for number, (x, y, r) in enumerate(nodes):
        for other in nodes[:number]:
            assert math.dist((x, y), other[:2]) >= 3 * r
        for edge, line in zip(motif.edges, lines, strict=True):
            if number not in edge:
                assert distance((x, y, r), line) > r + 1
    assert all(math.dist(line[:2], line[2:]) > 15 for line in lines)


def test_lines_cross_only_where_they_must():
    """Every class but those that hold a bi-fan can be drawn without crossings."""

    def crosses(motif):
        _, nodes, _ = parsed(motif)
        return any(
            nodes[a][0] == nodes[c][0]
            and (nodes[a][1] - nodes[c][1]) * (nodes[b][1] - nodes[d][1]) < 0
            for a, b in motif.edges
            for c, d in motif.edges
        )

    def bifan(motif):
        after = [{b for a, b in motif.edges if a == node} for node in range(motif.order + 1)]
        return any(len(x & y) > 1 for n, x in enumerate(after) for y in after[:n])

    assert [motif.name for motif in ALL if crosses(motif) != bifan(motif)] == []


def test_distinct_classes_look_different():
    pictures = {drawing(motif).partition("</title>")[2] for motif in ALL}
    assert len(pictures) == len(ALL) == 55


def test_higher_orders_can_be_drawn():
    assert all(parsed(motif)[1] for motif in classes(5)[:20])


@pytest.mark.parametrize("motif", [one for order in (2, 3, 4) for one in classes(order)])
def test_a_glyph_is_the_drawing_as_one_path(motif):
    outlines = glyph(motif).split("Z")[:-1]
    assert len(outlines) == sum(motif.layers) + 2 * len(motif.edges)
    points = [
        tuple(map(float, point.split(","))) for one in outlines for point in one[1:].split("L")
    ]
    assert max(max(map(abs, point)) for point in points) <= 1
    centres = {
        tuple(round(sum(c) / 12, 2) for c in zip(*ring, strict=True))
        for ring in (
            [tuple(map(float, point.split(","))) for point in one[1:].split("L")]
            for one in outlines[: sum(motif.layers)]
        )
    }
    assert len(centres) == sum(motif.layers)


@pytest.mark.parametrize("name", [name for order in (2, 3) for name in connected_classes(order)])
def test_a_drawing_of_a_digraph_has_its_arrows(name):
    svg = ElementTree.fromstring(digraph_drawing(name))
    nodes = [(float(c.get("cx")), float(c.get("cy"))) for c in svg.iter(f"{SVG}circle")]
    drawn = set()
    for line in svg.iter(f"{SVG}line"):
        x1, y1, x2, y2 = (float(line.get(key)) for key in ("x1", "y1", "x2", "y2"))
        source = min(range(len(nodes)), key=lambda node: math.dist(nodes[node], (x1, y1)))
        target = min(range(len(nodes)), key=lambda node: math.dist(nodes[node], (x2, y2)))
        drawn.add((source, target))
    assert drawn == set(named(name).edges)
    assert svg.find(f"{SVG}title").text == name


def test_other_names_have_no_drawing_of_a_digraph():
    with pytest.raises(ValueError, match="no class of digraphs is named 'bifan'"):
        digraph_drawing("bifan")


def test_a_glyph_of_a_digraph_is_its_drawing_as_one_path():
    for name, edges in {"030T": 3, "300": 6, "600:01.02.03.10.12.13.20.21.23.30.31.32": 12}.items():
        outlines = digraph_glyph(name).split("Z")[:-1]
        assert len(outlines) == named(name).layers[0] + 2 * edges
        ends = [float(x) for one in outlines for xy in one[1:].split("L") for x in xy.split(",")]
        assert max(map(abs, ends)) <= 1
    with pytest.raises(ValueError, match="no class of digraphs"):
        digraph_glyph("bifan")
