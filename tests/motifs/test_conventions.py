"""The published convention, against what its definition says of small graphs by brute force."""

import itertools

import numpy as np

from harness.motifs import counts, published_counts
from harness.sparse.graph import LayeredGraph, bias_as_nodes, strip_published


def network(seed, sizes=(5, 9, 8, 6, 3), density=0.3, batch=(2,)):
    rng = np.random.default_rng(seed)
    masks = tuple(rng.random((*batch, a, b)) < density for a, b in itertools.pairwise(sizes))
    return LayeredGraph(masks, tuple(rng.random((*batch, b)) < 0.4 for b in sizes[1:]))


def chained(wires, length, base):
    """Pairs of end nodes over all walks, one walk at a time."""
    found = set()
    layers = [
        range(wires[base].shape[0]),
        *(range(w.shape[1]) for w in wires[base : base + length]),
    ]
    for walk in itertools.product(*layers):
        if all(wires[base + i][a, b] for i, (a, b) in enumerate(itertools.pairwise(walk))):
            found.add((walk[0], walk[-1]))
    return len(found)


def test_pairs_are_those_that_some_chain_connects():
    graph = network(0)
    found = published_counts(graph)
    whole = bias_as_nodes(strip_published(graph))
    for one in range(2):
        wires = [layer[one] for layer in whole.adjacency]
        for length, name in ((2, "chain2_pairs"), (3, "chain3_pairs")):
            expected = [chained(wires, length, base) for base in range(len(wires) - length + 1)]
            assert found[name][one].tolist() == expected


def test_three_that_converge_are_counted_with_two():
    entered = np.zeros((4, 3), bool)
    entered[:, 0], entered[:3, 1], entered[:2, 2] = True, True, True
    (found,) = (published_counts(LayeredGraph((entered,)))["converge3_as_published"].tolist(),)
    assert found == [6 + 3]


def test_the_rest_is_counted_as_it_is_with_bias_units_as_sources():
    graph = network(1)
    found, right = published_counts(graph), counts(bias_as_nodes(strip_published(graph)))
    for name in ("diverge2", "converge2", "diverge3", "bifan", "biparallel"):
        np.testing.assert_array_equal(found[name], right[name])
    assert (found["chain2_pairs"] <= right["chain2"]).all()
    assert (found["chain2_pairs"] < right["chain2"]).any()
