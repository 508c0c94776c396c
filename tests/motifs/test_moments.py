"""Exact moments under the `layered` null, against full enumeration, fractions and oracles."""

from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, permutations, product
from math import comb, perm, prod, sqrt

import numpy as np
import pytest

from harness.motifs import (
    classes,
    counts,
    covariance,
    covariances,
    induced,
    induced_combination,
    moments,
)
from harness.sparse.graph import LayeredGraph, bias_as_nodes

CLASSES = {motif.name: motif for order in (2, 3) for motif in classes(order)}

# Means and standard deviations by independent code (SCIENCE.md section 5).
NODES, EDGES = (9, 42, 53, 12, 5, 7), (111, 917, 84, 14, 13)
ORACLE = {
    "diverge2": (10559.6637371, 60.5919468915),
    "converge2": (8180.22722561, 53.9023726739),
    "chain2": (4011.25849057, 42.3149081148),
    "diverge3": (71251.694857, 1232.28969066),
    "converge3": (43183.5774929, 855.177986893),
    "chain3": (5791.40377358, 199.792667631),
    "bifan": (34289.2306848, 597.766310984),
    "biparallel": (8022.34446102, 262.109289472),
    "zigzag": (335094.065904, 2860.36409134),
    "chain_diverge": (27067.2519175, 705.008522612),
    "converge_chain": (15471.3380629, 508.014378232),
    "fork_tail": (60277.9639556, 1036.86143087),
    "merge_tail": (51073.6754608, 791.775968266),
}
PRECISE = 1e-11
"""Of standard deviations: at most four digits of a double may cancel before integers take over."""

ENUMERATED = {
    "chain2": (7.5, 1.39731146808),
    "biparallel": (1.85950413223, 1.22848953230),
    "bifan": (0.727272727273, 0.716643099289),
    "fork_tail": (8.18181818182, 3.22695260896),
}


@pytest.mark.parametrize("name", ORACLE)
def test_oracle(name):
    found = moments(NODES, EDGES)[name]
    assert (found.total_mean, found.total_sd) == pytest.approx(ORACLE[name], rel=1e-9)


@pytest.mark.parametrize("name", ENUMERATED)
def test_oracle_of_full_enumeration(name):
    found = moments((3, 4, 3), (5, 6))[name]
    assert (found.total_mean, found.total_sd) == pytest.approx(ENUMERATED[name], rel=1e-9)


def every_graph(nodes, edges):
    """All graphs of these sizes, as one batch."""
    layers = []
    for a, b, m in zip(nodes, nodes[1:], edges, strict=False):
        chosen = np.zeros((comb(a * b, m), a * b), bool)
        for row, places in enumerate(combinations(range(a * b), m)):
            chosen[row, list(places)] = True
        layers.append(chosen.reshape(-1, a, b))
    picks = np.array(list(product(*(range(len(layer)) for layer in layers))))
    return LayeredGraph(tuple(layer[pick] for layer, pick in zip(layers, picks.T, strict=True)))


def exact_moments(samples):
    """Mean vector and covariance matrix of integer samples (draws, variables), as fractions."""
    draws = len(samples)
    sums = [int(column.sum()) for column in samples.T]
    products = samples.T @ samples
    mean = [Fraction(total, draws) for total in sums]
    spread = [
        [Fraction(int(products[i, j]), draws) - mean[i] * mean[j] for j in range(len(mean))]
        for i in range(len(mean))
    ]
    return mean, spread


@cache
def enumerated(nodes, edges):
    return counts(every_graph(nodes, edges))


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ((2, 3, 2), (3, 2)),
        ((3, 3), (5,)),
        ((2, 2, 2, 2), (2, 3, 2)),
        ((1, 3, 1, 2), (2, 2, 1)),
        ((2, 3, 2), (6, 3)),  # a full layer
        ((2, 3, 2), (0, 3)),  # an empty layer
        ((3, 2, 2), (1, 1)),
    ],
)
def test_moments_are_those_of_all_graphs(nodes, edges):
    copies = enumerated(nodes, edges)
    summed = np.stack([number.sum(-1) for number in copies.values()], -1)
    mean, spread = exact_moments(summed)
    found = moments(nodes, edges)
    for i, name in enumerate(copies):
        assert found[name].total_mean == pytest.approx(float(mean[i]), rel=1e-14), name
        assert found[name].total_sd == pytest.approx(sqrt(spread[i][i]), rel=PRECISE), name
        assert (found[name].total_sd == 0) == (spread[i][i] == 0), name
        by_base, base_spread = exact_moments(copies[name])
        assert found[name].mean == pytest.approx([float(value) for value in by_base], rel=1e-14)
        base_sd = [sqrt(base_spread[b][b]) for b in range(len(by_base))]
        assert found[name].sd == pytest.approx(base_sd, rel=PRECISE), name
        for j, other in enumerate(copies):
            assert covariance(CLASSES[name], CLASSES[other], nodes, edges) == spread[i][j]


@pytest.mark.parametrize(("nodes", "edges"), [((2, 3, 2), (4, 4)), ((2, 2, 2, 2), (3, 2, 3))])
def test_induced_moments_are_those_of_all_graphs(nodes, edges):
    found = moments(nodes, edges, induced=True)
    for name, number in induced(enumerated(nodes, edges)).items():
        mean, spread = exact_moments(number.sum(-1)[:, None])
        assert found[name].total_mean == pytest.approx(float(mean[0]), rel=1e-14), name
        assert found[name].total_sd == pytest.approx(sqrt(spread[0][0]), rel=PRECISE), name


def brute_force_copies(motif, graph):
    """Placements of a motif in a batch of graphs whose layers are as wide as its own, or wider."""
    layers = np.cumsum((0, *motif.layers))
    widths = [graph.adjacency[0].shape[-2], *(w.shape[-1] for w in graph.adjacency)]
    pools = [permutations(range(n), v) for n, v in zip(widths, motif.layers, strict=False)]
    total = 0
    for placed in product(*pools):
        where = [node for part in placed for node in part]
        layer = [int(np.searchsorted(layers, i, side="right")) - 1 for i in range(len(where))]
        total = total + np.logical_and.reduce(
            [graph.adjacency[layer[a]][..., where[a], where[b]] for a, b in motif.edges]
        ).astype(np.int64)
    return total // motif.automorphisms


@pytest.mark.parametrize("layers", [(2, 3), (1, 2, 2), (2, 2, 1)])
def test_moments_of_order_4_are_those_of_all_graphs(layers):
    nodes = tuple(n + 1 for n in layers[:1]) + layers[1:]
    edges = (5,) if len(nodes) == 2 else (3, 2)
    graphs = every_graph(nodes, edges)
    found = moments(nodes, edges, orders=(4,))
    for motif in [m for m in classes(4) if m.layers == layers]:
        mean, spread = exact_moments(brute_force_copies(motif, graphs)[:, None])
        assert found[motif.name].total_mean == pytest.approx(float(mean[0]), rel=1e-14)
        assert found[motif.name].total_sd == pytest.approx(sqrt(spread[0][0]), rel=PRECISE)


@pytest.mark.parametrize("density", [Fraction(1, 50), Fraction(1, 2), Fraction(9999, 10000)])
def test_nothing_cancels_away_in_large_layers(density):
    """Diverge2 with (m)_e/(N)_e as fractions: two copies share a source and j targets."""
    n, k = 400, 400
    m = int(density * n * k)
    p = [Fraction(perm(m, e), perm(n * k, e)) for e in range(5)]
    first = Fraction(n * perm(k, 2), 2) * p[2]
    second = n * (n - 1) * perm(k, 2) ** 2 * p[4]
    for shared, ways in ((0, 1), (1, 4), (2, 2)):
        second += ways * n * perm(k, 4 - shared) * p[4 - shared]
    found = moments((n, k), (m,))["diverge2"]
    assert found.total_mean == pytest.approx(float(first), rel=1e-15)
    assert found.total_sd == pytest.approx(sqrt(second / 4 - first**2), rel=PRECISE)


def test_variance_of_a_combination_is_that_of_its_covariances():
    for motif in CLASSES.values():
        combination = induced_combination(motif)
        variance = sum(
            c * d * covariance(first, second, NODES, EDGES)
            for (first, c), (second, d) in product(combination, combination)
        )
        found = moments(NODES, EDGES, induced=True)[motif.name]
        assert found.total_sd == pytest.approx(sqrt(variance), rel=PRECISE)


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [((3, 0, 2), (0, 0)), ((3, 2), (0,)), ((3, 2), (6,)), ((1, 1, 1, 1), (1, 1, 1))],
)
def test_counts_that_cannot_vary_have_a_deviation_of_exactly_zero(nodes, edges):
    for induced_too in (False, True):
        found = moments(nodes, edges, induced=induced_too)
        assert all(m.total_sd == 0 and not m.sd.any() for m in found.values())
    full = prod(edges) == prod(a * b for a, b in pairwise(nodes)) > 0
    assert found["diverge2"].total_mean == (3 if full and nodes[0] == 3 else 0)


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [((3, 2), (7,), "7 edges do not fit"), ((3, 2), (-1,), "do not fit"), ((3,), (1,), "need 0")],
)
def test_impossible_sizes_are_refused(nodes, edges, message):
    with pytest.raises(ValueError, match=message):
        moments(nodes, edges)


def test_numpy_integers_do_not_overflow():
    sizes = np.array([400, 400, 400], np.int32), np.array([11200, 11200], np.int32)
    found, same = (moments(*pair)["bifan"] for pair in (sizes, [s.tolist() for s in sizes]))
    assert found.total_sd == same.total_sd > 0


def every_graph_with_biases(nodes, edges, bias_edges):
    """All graphs of these sizes with all bias edges of these numbers, as one batch."""
    widths = [(1, n) for n in nodes[1:]]
    units = [
        [np.isin(np.arange(n), chosen) for chosen in combinations(range(n), number)]
        for (_, n), number in zip(widths, bias_edges, strict=True)
    ]
    plain = every_graph(nodes, edges)
    size = len(plain.adjacency[0])
    choices = list(product(*units))
    adjacency = tuple(np.concatenate([wires] * len(choices)) for wires in plain.adjacency)
    bias = tuple(
        np.repeat(np.array([choice[layer] for choice in choices]), size, 0)
        for layer in range(len(edges))
    )
    return LayeredGraph(adjacency, bias)


@pytest.mark.parametrize(
    ("nodes", "edges", "bias_edges"),
    [((2, 2, 2), (2, 3), (1, 1)), ((2, 3, 1), (3, 2), (2, 1)), ((1, 2, 2), (2, 1), (2, 0))],
)
def test_bias_edges_are_a_stratum_of_their_own(nodes, edges, bias_edges):
    copies = counts(bias_as_nodes(every_graph_with_biases(nodes, edges, bias_edges)))
    mean, spread = exact_moments(np.stack([number.sum(-1) for number in copies.values()], -1))
    found = moments(nodes, edges, bias_edges=bias_edges)
    together = covariances(nodes, edges, bias_edges=bias_edges)
    for i, name in enumerate(copies):
        assert found[name].total_mean == pytest.approx(float(mean[i]), rel=1e-14), name
        assert found[name].total_sd == pytest.approx(sqrt(spread[i][i]), rel=PRECISE), name
        for j, other in enumerate(copies):
            pair = CLASSES[name], CLASSES[other]
            assert covariance(*pair, nodes, edges, bias_edges=bias_edges) == spread[i][j]
            assert together[i, j] == pytest.approx(float(spread[i][j]), rel=PRECISE, abs=1e-14)


def random_sizes(networks, seed):
    """Sizes of all kinds: empty, full, narrow and wide layers, few edges and many."""
    rng = np.random.default_rng(seed)
    nodes = rng.choice([0, 1, 2, 3, 7, 40, 400], (networks, 5), p=[0.04, 0.1, *[0.172] * 5])
    places = nodes[:, :-1] * nodes[:, 1:]
    share = rng.choice([0, 1e-3, 0.02, 0.3, 0.97, 1], places.shape)
    units = np.rint(nodes[:, 1:] * rng.choice([0, 0.4, 1], places.shape)).astype(int)
    return nodes, np.rint(share * places).astype(int), units


@pytest.mark.slow
@pytest.mark.parametrize("induced_too", [False, True])
@pytest.mark.parametrize("biases", [False, True])
def test_a_batch_agrees_with_rational_numbers_network_by_network(induced_too, biases):
    nodes, edges, units = random_sizes(60, seed=3)
    found = moments(nodes, edges, bias_edges=units if biases else None, induced=induced_too)
    for name, motif in CLASSES.items():
        combination = induced_combination(motif) if induced_too else ((motif, 1),)
        for row in range(0, len(nodes), 3):
            sizes = nodes[row].tolist(), edges[row].tolist()
            own = units[row].tolist() if biases else None
            variance = sum(
                c * d * covariance(first, second, *sizes, bias_edges=own)
                for (first, c), (second, d) in product(combination, combination)
            )
            sd = found[name].total_sd[row]
            assert sd == pytest.approx(sqrt(variance), rel=PRECISE), (name, row)
            assert (sd == 0) == (variance == 0), (name, row)


def test_covariances_of_a_batch_are_those_of_each_network():
    nodes, edges, _ = random_sizes(40, seed=4)
    together = covariances(nodes, edges)
    assert together.shape == (40, 13, 13)
    for i, first in enumerate(CLASSES.values()):
        for j, second in enumerate(CLASSES.values()):
            row = (13 * i + j) % 40
            exact = covariance(first, second, nodes[row].tolist(), edges[row].tolist())
            assert together[row, i, j] == pytest.approx(float(exact), rel=PRECISE), (row, i, j)
    variances = [one.total_sd**2 for one in moments(nodes, edges).values()]
    np.testing.assert_allclose(np.diagonal(together, 0, 1, 2).T, variances, rtol=1e-10)


def test_a_network_has_the_same_moments_in_any_batch():
    nodes, edges, units = random_sizes(7, seed=5)
    whole = moments(nodes, edges, bias_edges=units)
    alone = moments(nodes[3], edges[3], bias_edges=units[3])
    for name, one in alone.items():
        np.testing.assert_allclose(one.total_sd, whole[name].total_sd[3], rtol=1e-11)
        np.testing.assert_allclose(one.mean, whole[name].mean[3], rtol=1e-11)
