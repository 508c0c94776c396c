"""Weighted feed-forward loops and cycles by brute force, and their nulls by enumeration."""

from itertools import permutations

import numpy as np
import pytest

from harness import motifs
from harness.motifs import _weighted_triads
from harness.sparse.edges import sparse_digraph


def weighted(seed, nodes=9, density=0.4):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(nodes, nodes)) * (rng.random((nodes, nodes)) < density)
    np.fill_diagonal(matrix, 0)
    return matrix


def of_matrix(matrix):
    digraph = sparse_digraph(len(matrix), *np.nonzero(matrix))
    return digraph, matrix[digraph.sources, digraph.targets]


def profile(matrix, null, **how):
    digraph, weights = of_matrix(matrix)
    return motifs.weighted_triads_profile([digraph], [weights], null, **how).set_index("motif")


def copies(matrix):
    """Return the weights of every copy of each class, over all ordered triples of nodes."""
    found = {"030T": [], "030C": []}
    for a, b, c in permutations(range(len(matrix)), 3):
        loop = matrix[a, b], matrix[b, c], matrix[a, c]
        cycle = matrix[a, b], matrix[b, c], matrix[c, a]
        if all(loop):
            found["030T"].append(loop)
        if all(cycle) and a < min(b, c):
            found["030C"].append(cycle)
    return {name: np.array(each) for name, each in found.items()}


def coherent(matrix):
    return {name: int((each.prod(1) > 0).sum()) for name, each in copies(matrix).items()}


def intensity(matrix):
    return {name: np.cbrt(np.abs(each).prod(1)).mean() for name, each in copies(matrix).items()}


@pytest.mark.parametrize("seed", range(6))
def test_copies_by_brute_force(seed):
    matrix = weighted(seed, density=(0.3, 0.5, 0.8)[seed % 3])
    signs, sizes = profile(matrix, "signs", draws=2), profile(matrix, "weights", draws=2)
    positive = np.sign(matrix)
    for name, each in copies(matrix).items():
        row, other = signs.loc[name], sizes.loc[name]
        assert row["copies"] == other["copies"] == len(each)
        assert row["count"] == (each.prod(1) > 0).sum()
        assert row["share"] == row["count"] / len(each)
        geometric = np.cbrt(np.abs(each).prod(1))
        assert other["count"] == pytest.approx(geometric.mean(), rel=1e-12)
        coherence = geometric.sum() / np.abs(each).mean(1).sum()
        assert other["coherence"] == pytest.approx(coherence, rel=1e-12)
    loops, cycles = (2 * signs["count"] - signs["copies"])[["030T", "030C"]]
    assert loops == (positive * (positive @ positive)).sum()
    assert cycles == np.trace(positive @ positive @ positive) / 3


@pytest.mark.parametrize(("null", "measured"), [("signs", coherent), ("weights", intensity)])
def test_the_null_is_that_of_all_permutations(null, measured):
    edges = ((0, 1), (1, 2), (0, 2), (2, 0), (2, 3), (0, 3))
    weights, values = (0.5, -2.0, 8.0, -1.0, 3.0, 0.1), {"030T": [], "030C": []}
    for one in permutations(weights):
        matrix = np.zeros((4, 4))
        matrix[tuple(np.transpose(edges))] = one
        for name, value in measured(matrix).items():
            values[name].append(value)
    table = profile(matrix, null, draws=4000)
    for name, all_values in values.items():
        error = 4 * np.std(all_values) / 4000**0.5
        assert table.loc[name, "expected"] == pytest.approx(np.mean(all_values), abs=error)
        assert table.loc[name, "sd"] == pytest.approx(np.std(all_values), rel=0.1)


def test_an_undirected_edge_is_permuted_as_one():
    """A triangle has one negative edge in each draw, so that no draw has a coherent copy."""
    matrix = np.array([[0, 1, 1], [1, 0, -1], [1, -1, 0.0]])
    both = profile(matrix, "signs", undirected=True)
    assert (both["sd"] == 0).all()
    assert (both["expected"] == 0).all()
    assert (profile(matrix, "signs")["sd"] > 0).all()


def test_blocks_of_draws_do_not_change_them(monkeypatch):
    matrix = weighted(3)
    whole = profile(matrix, "signs"), profile(matrix, "weights")
    monkeypatch.setattr(_weighted_triads, "_ENTRIES", 64)
    for table, null in zip(whole, ("signs", "weights"), strict=True):
        columns = ["count", "expected", "sd", "z", "p", "q"]
        again = profile(matrix, null)
        np.testing.assert_allclose(again[columns], table[columns], rtol=1e-9)


def test_random_weights_have_z_of_mean_0_and_variance_1():
    digraphs, weights = zip(*(of_matrix(weighted(seed, 12)) for seed in range(60)), strict=True)
    for null in ("signs", "weights"):
        table = motifs.weighted_triads_profile(digraphs, weights, null, draws=200)
        for name, z in table.groupby("motif")["z"]:
            assert abs(z.mean()) < 4 / len(z) ** 0.5, (null, name)
            assert 0.4 < z.var() < 2.2, (null, name)


def test_edges_of_weight_0_and_classes_without_copies_are_left_out():
    matrix = np.array([[0, 1, -1], [0, 0, 2], [5, 0, 0.0]])
    digraph, weights = of_matrix(matrix)
    table = motifs.weighted_triads_profile([digraph], [np.where(weights == 5, 0, weights)], "signs")
    assert table["motif"].tolist() == ["030T"]
    chain = sparse_digraph(3, np.array([0, 1]), np.array([1, 2]))
    assert motifs.weighted_triads_profile([chain], [np.array([1.0, -1.0])], "weights").empty
