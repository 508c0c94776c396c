"""Instances of a class: each copy once, as many as are counted, made of edges that are there."""

import itertools

import numpy as np
import pytest

from harness import Digraph, LayeredGraph, motifs
from harness.motifs._census import connected_classes


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_copy_in_a_layered_network_once(order):
    rng = np.random.default_rng(order)
    sizes = (4, 5, 3, 3, 2)
    wires = tuple(rng.random(pair) < 0.6 for pair in itertools.pairwise(sizes))
    counts = motifs.counts(LayeredGraph(wires), (order,))
    for motif in motifs.classes(order):
        pattern = motifs.named(motif.name) or motifs.Pattern(motif.layers, motif.edges)
        found = list(motifs.instances(LayeredGraph(wires), pattern))
        layer_of = pattern.layer_of
        copies = set()
        for base, nodes in found:
            places = list(zip(layer_of, nodes, strict=True))
            assert len(set(places)) == order + 1
            assert all(wires[base + layer_of[a]][nodes[a], nodes[b]] for a, b in motif.edges)
            edges = frozenset((places[a], places[b]) for a, b in motif.edges)
            copies.add((base, edges))
        assert len(copies) == len(found) == counts[motif.name].sum(), motif.name
        by_layer = np.bincount([base for base, _ in found], minlength=len(counts[motif.name]))
        assert by_layer.tolist() == counts[motif.name].tolist()


@pytest.mark.parametrize("order", [2, 3])
def test_every_induced_copy_in_a_digraph_once(order):
    rng = np.random.default_rng(order)
    wires, every = rng.random((9, 9)) < 0.35, np.ones(9, bool)
    graph = Digraph(wires, every, every)
    counts, seen = motifs.census(graph, (order,)), set()
    for name in connected_classes(order):
        found = list(motifs.instances(graph, motifs.named(name)))
        sets = {frozenset(nodes) for _, nodes in found}
        assert len(sets) == len(found) == counts[name], name
        assert not sets & seen, "a set of nodes induces one class"
        seen |= sets
        for (_, nodes), (a, b) in itertools.product(
            found, itertools.permutations(range(order + 1), 2)
        ):
            assert wires[nodes[a], nodes[b]] == ((a, b) in motifs.named(name).edges)


def test_the_first_copies_of_many_are_found_without_the_others():
    full = LayeredGraph((np.ones((400, 400), bool),))
    first = list(itertools.islice(motifs.instances(full, motifs.named("bifan")), 3))
    assert len({nodes for _, nodes in first}) == 3


def test_networks_and_classes_of_two_kinds_are_refused():
    one = np.ones((3, 3), bool)
    with pytest.raises(ValueError, match="in one layer"):
        next(motifs.instances(LayeredGraph((one,)), motifs.named("030T")))
    with pytest.raises(ValueError, match="in one layer"):
        next(motifs.instances(Digraph(one, one[0], one[0]), motifs.named("bifan")))
    with pytest.raises(ValueError, match="without a batch axis"):
        next(motifs.instances(LayeredGraph((one[None],)), motifs.named("bifan")))
