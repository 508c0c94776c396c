"""Intensity and coherence of weighted copies, against a list of all copies and all permutations."""

from itertools import permutations

import numpy as np
import pytest

from harness import LayeredGraph, motifs

SIZES = ((4, 5), (5, 4), (4, 3))


def weighted(seed=0, density=0.6):
    rng = np.random.default_rng(seed)
    layers = [rng.normal(size=size) * (rng.random(size) < density) for size in SIZES]
    return LayeredGraph(tuple(layer != 0 for layer in layers)), layers


def by_copies(graph, weights, name):
    """Return the number of copies, their mean intensity and their coherence, one by one."""
    pattern = motifs.named(name)
    intensity, arithmetic = [], []
    for base, nodes in motifs.instances(graph, pattern):
        edges = [
            abs(weights[base + pattern.layer_of[a]][nodes[a], nodes[b]]) for a, b in pattern.edges
        ]
        intensity.append(np.prod(edges) ** (1 / len(edges)))
        arithmetic.append(np.mean(edges))
    return len(intensity), np.mean(intensity), np.sum(intensity) / np.sum(arithmetic)


@pytest.mark.parametrize("orders", [(2, 3), (4,)])
def test_every_class_is_that_of_its_copies_one_by_one(orders):
    graph, weights = weighted(density=0.5 if orders == (4,) else 0.6)
    batch = LayeredGraph(tuple(layer[None] for layer in graph.adjacency))
    table = motifs.intensity_profile(batch, [w[None] for w in weights], orders, draws=2)
    assert len(table) > 9
    for row in table.itertuples():
        copies, intensity, coherence = by_copies(graph, weights, row.motif)
        assert row.copies == copies
        assert row.count == pytest.approx(intensity, rel=1e-9)
        assert row.coherence == pytest.approx(coherence, rel=1e-9)
        assert 0 < row.coherence <= 1


@pytest.mark.slow
def test_the_null_permutes_weights_within_layers():
    wires = [np.array([[1, 1], [1, 0]], bool), np.array([[1], [1]], bool)]
    first, second = [0.5, 2.0, 8.0], [1.0, 4.0]
    place = [np.argwhere(layer) for layer in wires]
    values = []
    for one in permutations(first):
        for other in permutations(second):
            weights = [np.zeros(layer.shape) for layer in wires]
            for layer, at, given in zip(weights, place, (one, other), strict=True):
                layer[tuple(at.T)] = given
            values.append(by_copies(LayeredGraph(tuple(wires)), weights, "chain2")[1])
    graph = LayeredGraph(tuple(layer[None] for layer in wires))
    table = motifs.intensity_profile(graph, [w[None] for w in weights], (2,), draws=4000)
    row = table.set_index("motif").loc["chain2"]
    assert row["expected"] == pytest.approx(np.mean(values), abs=4 * np.std(values) / 4000**0.5)
    assert row["sd"] == pytest.approx(np.std(values), rel=0.1)


def test_equal_weights_have_no_z():
    graph, _ = weighted()
    batch = LayeredGraph(tuple(layer[None] for layer in graph.adjacency))
    table = motifs.intensity_profile(batch, [0.1 * layer for layer in batch.adjacency], draws=5)
    assert table["z"].isna().all()
    assert table["q"].isna().all()
    np.testing.assert_allclose(table["coherence"], 1)
