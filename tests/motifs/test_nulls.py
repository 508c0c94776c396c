"""Draws from each null: what they keep, that they are uniform where they should be, and mix."""

import itertools
from collections import Counter

import jax
import numpy as np
import pytest
from scipy import stats

from harness.motifs import classes, counts, draws, overlap
from harness.motifs._global_trades import TradedMasks
from harness.motifs._nulls import _smallest
from harness.sparse.graph import LayeredGraph, strip_published


def network(sizes=(6, 20, 15, 4), density=0.3, seed=0):
    rng = np.random.default_rng(seed)
    return LayeredGraph(tuple(rng.random(pair) < density for pair in itertools.pairwise(sizes)))


def edges(graph):
    return [wires.sum((-2, -1)) for wires in graph.adjacency]


@pytest.mark.parametrize("on", ["host", "device"])
def test_layered_draws_keep_the_edges_and_are_uniform(on):
    graph = network((3, 2), 0.5, seed=1)
    drawn = draws(graph, "layered", 6000, seed=2, on=on)
    (found,) = edges(drawn)
    kept = int(graph.adjacency[0].sum())
    assert (found == kept).all()
    seen = Counter(map(bytes, np.packbits(drawn.adjacency[0].reshape(6000, -1), axis=1)))
    kinds = len(list(itertools.combinations(range(6), kept)))
    assert len(seen) == kinds
    assert stats.chisquare(list(seen.values())).pvalue > 1e-3


@pytest.mark.parametrize("highest", [4, 2**32 - 1])
def test_the_smallest_lots_are_marked_without_sorting_even_where_many_are_equal(highest):
    lots = np.random.default_rng(0).integers(0, highest, 50, np.uint32, endpoint=True)
    order, smallest = np.argsort(lots, stable=True), jax.jit(_smallest)
    for number in range(51):
        marked = np.asarray(smallest(lots, number))
        assert set(np.flatnonzero(marked)) == set(order[:number])


MARGINS = {
    "three rows": np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]], bool),
    "two rows": np.array([[1, 1, 1, 0, 0, 0, 1], [0, 0, 0, 1, 1, 1, 1]], bool),
    "five rows, one column set aside": np.array(
        [[1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1]], bool
    ),
    "empty and full rows": np.array(
        [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1]], bool
    ),
}


def with_the_same_margins(mask):
    """All masks with the row and column sums of one, by brute force."""
    rows = [
        [np.isin(range(mask.shape[1]), chosen) for chosen in itertools.combinations(
            range(mask.shape[1]), int(row.sum()))]
        for row in mask
    ]  # fmt: skip
    every = (np.array(choice) for choice in itertools.product(*rows))
    return {one.tobytes() for one in every if (one.sum(0) == mask.sum(0)).all()}


def words(mask, number, on, trades=40):
    """Draws of some words, after trades: (words, 32, sources, targets)."""
    drawn = TradedMasks(mask, 32 * number, np.random.SeedSequence(0), on)
    drawn.trade(trades)
    return drawn.masks().reshape(number, 32, *mask.shape)


@pytest.mark.slow
@pytest.mark.parametrize("on", ["host", "device"])
@pytest.mark.parametrize("case", MARGINS)
def test_trades_are_uniform_over_all_masks_of_the_same_margins(on, case):
    mask = MARGINS[case]
    possible = with_the_same_margins(mask)
    assert len(possible) > 10
    drawn = words(mask, 2000, on)
    seen = Counter(one.tobytes() for one in drawn[:, 0])  # draws of different words are independent
    assert seen.keys() == possible
    assert stats.chisquare(list(seen.values())).pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("on", ["host", "device"])
@pytest.mark.parametrize("case", MARGINS)
def test_two_draws_of_a_word_are_alike_as_often_as_two_independent_ones(on, case):
    """Although they share pairs and order: from one start they part, and then go different ways."""
    mask = MARGINS[case]
    chance = 1 / len(with_the_same_margins(mask))
    alike = {}
    for trades in (4, 40):
        flat = words(mask, 1000, on, trades).reshape(1000, 32, -1).astype(np.int8)
        same = (flat[:, :16, None] == flat[:, None, 16:]).all(-1)
        alike[trades] = same.mean((1, 2))
    error = {trades: found.std(ddof=1) / np.sqrt(1000) for trades, found in alike.items()}
    assert abs(alike[40].mean() - chance) < 4 * error[40]
    assert alike[4].mean() > chance + 10 * error[4], "too few would do"


@pytest.mark.slow
@pytest.mark.parametrize("on", ["host", "device"])
def test_degree_draws_keep_every_degree_and_forget_the_network(on):
    graph = network((12, 60, 50, 5), 0.2)
    drawn = draws(graph, "degree", 30, seed=3, on=on)
    for wires, layer in zip(graph.adjacency, drawn.adjacency, strict=True):
        assert (layer.sum(-1) == wires.sum(-1)).all()
        assert (layer.sum(-2) == wires.sum(-2)).all()
    # As far from the network as one draw from another.
    first = LayeredGraph(tuple(layer[0] for layer in drawn.adjacency))
    others = LayeredGraph(tuple(layer[1:] for layer in drawn.adjacency))
    np.testing.assert_allclose(overlap(graph, drawn), overlap(first, others), atol=0.05)


def test_classes_around_one_node_are_constants_under_the_degree_null():
    graph = network()
    drawn = draws(graph, "degree", 40, seed=4)
    found, own = counts(drawn, (2, 3, 4)), counts(graph, (2, 3, 4))
    constant = {name for name in own if own[name].size and (found[name] == own[name]).all()}
    around_one = {
        motif.name
        for order in (2, 3, 4)
        for motif in classes(order)
        if any(all(node in edge for edge in motif.edges) for node in range(order + 1))
    }
    assert len(around_one) == 3 + 4 + 5
    assert constant == around_one


def test_the_same_seed_gives_the_same_draws_and_another_others():
    graph = network()
    for null in ("layered", "degree", "published"):
        one, again, other = (draws(graph, null, 3, seed=seed) for seed in (5, 5, 6))
        pairs = zip(one.adjacency, again.adjacency, strict=True)
        assert all((a == b).all() for a, b in pairs)
        pairs = zip(one.adjacency, other.adjacency, strict=True)
        assert not all((a == b).all() for a, b in pairs)


def test_published_draws_have_the_edges_of_the_live_network():
    graph = strip_published(network((10, 40, 40, 7), 0.25, seed=7))
    live = [wires.any(1).sum() for wires in graph.adjacency] + [7]
    drawn = draws(graph, "published", 20, seed=8)
    assert [wires.shape[1:] for wires in drawn.adjacency] == list(itertools.pairwise(live))
    for found, own in zip(edges(drawn), edges(graph), strict=True):
        assert (found == own).all()
    # One edge in every row and column at least: less even than uniform placement is.
    for wires in drawn.adjacency:
        assert wires.any(-1).all()
        assert wires.any(-2).all()


def test_published_draws_of_sparse_last_layers():
    rng = np.random.default_rng(9)
    first = rng.random((10, 30)) < 0.5
    second = np.zeros((30, 12), bool)
    second[np.arange(30), np.arange(30) % 12] = True  # 30 edges, not over 30 + 12
    third = np.zeros((12, 7), bool)
    third[np.arange(12), np.arange(12) % 7] = True  # 12 edges, not over 12 + 7
    drawn = draws(LayeredGraph((first, second, third)), "published", 25, seed=10)
    _, before, last = drawn.adjacency
    assert before.any(-1).all()
    assert (before.sum((-2, -1)) == 30).all()
    assert last.any(-1).all()
    assert last.any(-2).all()
    assert (last.sum((-2, -1)) == 12).all()


def test_published_draws_scatter_bias_edges():
    graph = network((5, 12, 3), 0.6, seed=11)
    bias = (np.arange(12) < 7, np.arange(3) < 1)
    drawn = draws(LayeredGraph(graph.adjacency, bias), "published", 50, seed=12)
    assert [unit.shape for unit in drawn.bias] == [(50, 12), (50, 3)]
    assert (drawn.bias[0].sum(1) == 7).all()
    assert (drawn.bias[0].mean(0) > 0.3).all()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="'published' is drawn on the host only"):
        draws(network(), "published", 1, on="device")
    with pytest.raises(ValueError, match="layered, degree, published"):
        draws(network(), "uniform", 1)
    with pytest.raises(ValueError, match="give one network"):
        draws(LayeredGraph((np.zeros((2, 3, 4), bool),)), "layered", 1)
