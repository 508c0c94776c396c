"""Text forms of classes: each class of digraphs and layered networks has the edges of its name."""

import re

import numpy as np
import pytest

from harness import Digraph, motifs
from harness.motifs._census import connected_classes


@pytest.mark.parametrize("order", [2, 3])
def test_a_name_of_a_digraph_gives_a_graph_of_that_class(order):
    every = np.ones(order + 1, bool)
    for name in connected_classes(order):
        wires = np.zeros((order + 1, order + 1), bool)
        wires[tuple(np.transpose(motifs.named(name).edges))] = True
        census = motifs.census(Digraph(wires, every, every), (order,))
        assert [one for one, count in census.items() if count] == [name]


def edges_of(sketch):
    found = set()
    for path in sketch.split(";"):
        parts = re.split(r"(<->|->)", path)
        for left, arrow, right in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
            pairs = {(a, b) for a in left.split(",") for b in right.split(",")}
            found |= pairs | ({pair[::-1] for pair in pairs} if arrow == "<->" else set())
    return {tuple("abcde".index(node) for node in edge) for edge in found}


NAMES = [motif.name for order in (2, 3, 4) for motif in motifs.classes(order)]
NAMES += [name for order in (2, 3) for name in connected_classes(order)]


def test_a_sketch_has_the_edges_of_its_class():
    for name in NAMES:
        assert edges_of(motifs.sketch(name)) == set(motifs.named(name).edges), name
    assert motifs.sketch("bifan") == "a,b->c,d"
    assert motifs.sketch("030C") == "a->b->c->a"
    assert motifs.sketch("201") == "a<->b;b<->c"


@pytest.mark.parametrize(
    "name",
    ["chain2_pairs", "", "012", "x:", "1-2-2:01.02", "999:01.12.23", "024:01.23", "033:00.11.22"],
)
def test_other_counts_have_no_sketch(name):
    assert motifs.sketch(name) == ""
