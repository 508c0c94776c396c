"""Triads through nodes and edges of digraphs: against every set of three nodes."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from harness.motifs import TRIADS, census, digraph_participation, triad_participation
from harness.motifs._digraph_classes import TRIAD_NAMES, class_name
from harness.sparse.edges import sparse_digraph


def by_hand(digraph):
    wires = digraph.dense()
    place = {ends: n for n, ends in enumerate(zip(digraph.sources, digraph.targets, strict=True))}
    nodes = np.zeros((13, digraph.nodes), int)
    edges = np.zeros((13, len(place)), int)
    for three in combinations(range(digraph.nodes), 3):
        inside = [(i, j) for i in range(3) for j in range(3) if wires[three[i], three[j]]]
        name = class_name(3, inside)
        if name in TRIAD_NAMES:
            row = TRIAD_NAMES.index(name)
            nodes[row, list(three)] += 1
            for i, j in inside:
                edges[row, place[three[i], three[j]]] += 1
    return nodes, edges


def digraph(nodes, density, seed):
    wires = np.random.default_rng(seed).random((nodes, nodes)) < density
    return sparse_digraph(nodes, *np.nonzero(wires))


@given(some.integers(3, 10), some.floats(0, 1), some.integers(0, 2**31))
def test_triads_through_nodes_and_edges_are_those_listed_one_by_one(nodes, density, seed):
    one = digraph(nodes, density, seed)
    found = triad_participation(one)
    right = by_hand(one)
    np.testing.assert_array_equal(found.nodes, right[0])
    np.testing.assert_array_equal(found.edges, right[1])


@pytest.mark.parametrize(("nodes", "density"), [(60, 0.02), (60, 0.3), (300, 0.01)])
def test_each_triad_is_counted_at_its_three_nodes(nodes, density):
    one = digraph(nodes, density, 1)
    found = triad_participation(one)
    counts = census([one], (2,))
    for row, name in enumerate(TRIAD_NAMES):
        assert found.nodes[row].sum() == 3 * counts[name][0]


def test_draws_keep_degrees_so_that_a_random_digraph_has_no_excess():
    one = digraph(40, 0.1, 5)
    scores, by_edge, chain = digraph_participation(one, number=200, seed=(3,))
    assert chain.mixed
    assert set(scores) == set(by_edge) == set(TRIADS)
    z = np.concatenate([score.z[score.expected > 5] for score in scores.values()])
    assert abs(np.nanmean(z)) < 0.3
    assert 0.7 < np.nanstd(z) < 1.3


def test_a_planted_loop_shows_at_its_nodes():
    """Sixteen three-cycles through node 0 of a sparse graph: z of 030C at node 0 is the largest."""
    loops = [(0, 1 + 2 * n, 2 + 2 * n) for n in range(16)]
    edges = [(a, b) for x, y, w in loops for a, b in ((x, y), (y, w), (w, x))]
    sources, targets = np.array(edges).T
    scores, _, _ = digraph_participation(sparse_digraph(33, sources, targets), number=50)
    z = scores["030C"].z
    assert int(np.nanargmax(z)) == 0
    assert z[0] > 5
