"""Exact moments under the `layered` null, against full enumeration, fractions and oracles."""

from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, permutations, product
from math import comb, perm, prod, sqrt

import numpy as np
import pytest

from harness.graph import LayeredGraph
from harness.motifs import (
    classes,
    counts,
    covariance,
    induced,
    induced_combination,
    moments,
)

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
        assert found[name].total_mean == float(mean[i]), name
        assert found[name].total_sd == pytest.approx(sqrt(spread[i][i]), rel=1e-14), name
        assert (found[name].total_sd == 0) == (spread[i][i] == 0), name
        by_base, base_spread = exact_moments(copies[name])
        assert found[name].mean.tolist() == [float(value) for value in by_base], name
        base_sd = [sqrt(base_spread[b][b]) for b in range(len(by_base))]
        assert found[name].sd == pytest.approx(base_sd, rel=1e-14), name
        for j, other in enumerate(copies):
            assert covariance(CLASSES[name], CLASSES[other], nodes, edges) == spread[i][j]


@pytest.mark.parametrize(("nodes", "edges"), [((2, 3, 2), (4, 4)), ((2, 2, 2, 2), (3, 2, 3))])
def test_induced_moments_are_those_of_all_graphs(nodes, edges):
    found = moments(nodes, edges, induced=True)
    for name, number in induced(enumerated(nodes, edges)).items():
        mean, spread = exact_moments(number.sum(-1)[:, None])
        assert found[name].total_mean == float(mean[0]), name
        assert found[name].total_sd == pytest.approx(sqrt(spread[0][0]), rel=1e-14), name


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
        assert found[motif.name].total_mean == float(mean[0]), motif.name
        assert found[motif.name].total_sd == pytest.approx(sqrt(spread[0][0]), rel=1e-14)


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
    assert found.total_sd == pytest.approx(sqrt(second / 4 - first**2), rel=1e-14)


def test_variance_of_a_combination_is_that_of_its_covariances():
    for motif in CLASSES.values():
        combination = induced_combination(motif)
        variance = sum(
            c * d * covariance(first, second, NODES, EDGES)
            for (first, c), (second, d) in product(combination, combination)
        )
        found = moments(NODES, EDGES, induced=True)[motif.name]
        assert found.total_sd == pytest.approx(sqrt(variance), rel=1e-14)


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
    assert moments(*sizes)["bifan"] is moments((400, 400, 400), (11200, 11200))["bifan"]
