"""Copies through each node and edge, by brute force; their means by enumeration."""

import itertools

import numpy as np
import pytest

from harness import LayeredGraph, layered, motifs

SIZES = (3, 4, 3, 2)


def graph(seed, sizes=SIZES, density=0.6):
    rng = np.random.default_rng(seed)
    return layered([rng.random((b, a)) < density for a, b in itertools.pairwise(sizes)])


def copies(motif, wires):
    """Yield every copy as its sets of nodes and edges, each with its layer."""
    layer_of = [layer for layer, n in enumerate(motif.layers) for _ in range(n)]
    nodes = [len(wires[0]), *(layer.shape[1] for layer in wires)]
    for base in range(len(wires) - motif.span + 1):
        choices = [itertools.permutations(range(nodes[base + layer]), n)
                   for layer, n in enumerate(motif.layers)]  # fmt: skip
        found = set()
        for parts in itertools.product(*choices):
            at = list(itertools.chain(*parts))
            edges = [(base + layer_of[a], at[a], at[b]) for a, b in motif.edges]
            if all(wires[layer][a, b] for layer, a, b in edges):
                ends = ((base + layer, node) for layer, node in zip(layer_of, at, strict=True))
                found.add((frozenset(ends), frozenset(edges)))
        yield from found


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_participation_by_brute_force(order):
    network = graph(order)
    wires = [np.asarray(layer) for layer in network.adjacency]
    found = motifs.participation(network, (order,))
    assert set(found) == {motif.name for motif in motifs.classes(order)}
    for motif in motifs.classes(order):
        nodes = [np.zeros(n, int) for n in SIZES]
        edges = [np.zeros(layer.shape, int) for layer in wires]
        for some, links in copies(motif, wires):
            for layer, node in some:
                nodes[layer][node] += 1
            for layer, a, b in links:
                edges[layer][a, b] += 1
        for expected, own in zip(nodes + edges, found[motif.name].nodes + found[motif.name].edges,
                                 strict=True):  # fmt: skip
            assert own.tolist() == expected.tolist(), motif.name


def test_sums_are_class_size_times_count_in_a_larger_network():
    network = graph(0, (9, 42, 53, 12, 5, 7), 0.2)
    counts = motifs.counts(network)
    found = motifs.participation(network)
    for motif in [*motifs.classes(2), *motifs.classes(3)]:
        number = counts[motif.name].sum()
        one = found[motif.name]
        assert number > 0
        assert sum(layer.sum() for layer in one.nodes) == (motif.order + 1) * number
        assert sum(layer.sum() for layer in one.edges) == len(motif.edges) * number


@pytest.mark.slow
def test_means_under_layered_by_enumeration():
    sizes, edges = (2, 3, 2), (3, 4)
    places = [list(itertools.product(range(a), range(b))) for a, b in itertools.pairwise(sizes)]
    every = list(itertools.product(*map(itertools.combinations, places, edges)))
    by_node, by_edge = {}, {}
    for chosen in every:
        wires = [np.zeros(shape, bool) for shape in itertools.pairwise(sizes)]
        for layer, ends in zip(wires, chosen, strict=True):
            layer[tuple(zip(*ends, strict=True))] = True
        found = motifs.participation(layered([layer.T for layer in wires]))
        for name, one in found.items():
            by_node[name] = by_node.get(name, 0) + np.array([layer[-1] for layer in one.nodes])
            kept = [layer[0, 0] for layer in one.edges]
            by_edge[name] = by_edge.get(name, 0) + np.array(kept)
    there = [np.mean([(0, 0) in chosen[at] for chosen in every]) for at in range(2)]
    for name, one in found.items():
        assert one.expected_by_node == pytest.approx(by_node[name] / len(every)), name
        conditional = by_edge[name] / len(every) / np.array(there)
        assert one.expected_by_edge == pytest.approx(conditional), name


def test_a_batch_is_refused():
    network = layered([np.ones((2, 3, 4), bool)])
    with pytest.raises(ValueError, match="without a batch axis"):
        motifs.participation(network)


@pytest.mark.parametrize("sizes", [(4, 5, 4, 3, 4), (5, 6), (3, 4, 5)])
@pytest.mark.parametrize("name", [m.name for order in (2, 3) for m in motifs.classes(order)])
def test_copies_through_an_edge_are_those_lost_without_it(sizes, name):
    rng = np.random.default_rng(1)
    wires = tuple(rng.random(pair) < 0.5 for pair in itertools.pairwise(sizes))
    edges = motifs.participation(LayeredGraph(wires), names=[name])[name].edges
    whole = motifs.counts(LayeredGraph(wires), (2, 3), names=[name])[name].sum()
    for layer, found in enumerate(edges):
        expected = np.zeros(found.shape)
        for place in np.argwhere(wires[layer]):
            less = [one.copy() for one in wires]
            less[layer][tuple(place)] = False
            counted = motifs.counts(LayeredGraph(tuple(less)), (2, 3), names=[name])
            expected[tuple(place)] = whole - counted[name].sum()
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_degree_scores_are_those_of_single_draws():
    network = graph(3, (6, 8, 7, 5), 0.45)
    found, trades = motifs.degree_participation(network, number=70, seed=(5,))
    assert trades.mixed
    drawn = [
        motifs.draws(network, "degree", size, seed=(5, start), trades=trades.number).adjacency
        for start, size in ((0, 50), (50, 20))
    ]
    each = [
        motifs.participation(LayeredGraph(tuple(layer[n] for layer in part)))
        for part in drawn
        for n in range(len(part[0]))
    ]
    assert len(each) == 70
    own = motifs.participation(network)
    assert set(found) == set(own)
    for name, scores in found.items():
        assert scores.count.tolist() == np.concatenate(own[name].nodes).tolist()
        sample = np.array([np.concatenate(one[name].nodes) for one in each])
        assert scores.expected == pytest.approx(sample.mean(0))
        assert scores.sd == pytest.approx(sample.std(0, ddof=1))
        varies = sample.std(0) > 0
        z = (scores.count - sample.mean(0))[varies] / sample.std(0, ddof=1)[varies]
        assert scores.z[varies] == pytest.approx(z)
        assert np.isnan(scores.z[~varies]).all()
    for name, fixed in ("diverge3", slice(6)), ("converge3", slice(-5, None)):
        assert (found[name].expected == found[name].count)[fixed].all(), "degrees fix it"
    assert np.isfinite(found["bifan"].z).any()


@pytest.mark.slow
def test_the_spread_under_layered_is_that_of_every_graph():
    places = [
        [
            np.isin(np.arange(a * b), at).reshape(a, b)
            for at in itertools.combinations(range(a * b), m)
        ]
        for a, b, m in ((2, 3, 3), (3, 2, 3))
    ]
    start = LayeredGraph((places[0][0], places[1][0]))
    through = {name: [] for name in ("chain2", "bifan", "zigzag")}
    by_edge = {name: [[], []] for name in through}
    for wires in itertools.product(*places):
        counted = motifs.participation(LayeredGraph(wires), (2, 3))
        for name, nodes in through.items():
            nodes.append(counted[name].nodes)
            for layer, copies in enumerate(counted[name].edges):
                by_edge[name][layer].append(copies[wires[layer]])
    found = motifs.layered_spread(start, (2, 3), number=1500, seed=(3,))
    of_edges = motifs.layered_spread(start, (2, 3), number=1500, seed=(4,), edges=True)
    for name, graphs in through.items():
        right = [np.std([nodes[layer] for nodes in graphs]) for layer in range(3)]
        np.testing.assert_allclose(found[name], right, rtol=0.05)
        np.testing.assert_allclose(of_edges[name], [*map(np.std, by_edge[name])], rtol=0.05)
