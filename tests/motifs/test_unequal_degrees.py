"""Graphs that have unequal degrees and nothing else: matched variances, and how alike they are."""

from itertools import pairwise

import numpy as np
import pytest

from harness import LayeredGraph, motifs, stats
from harness.motifs._unequal_degrees import unequal_degrees

SIZES = (30, 200, 200, 40)


def fitness_graph(rng, spread, density, sizes=SIZES):
    """Edges drawn one after the other, each place by its fitness among those that are left."""
    layers = []
    for sources, targets in pairwise(sizes):
        weight = np.outer(np.exp(spread * rng.normal(size=sources)), np.ones(targets))
        weight *= np.exp(0.6 * spread * rng.normal(size=targets))
        edges = int(density * weight.size)
        chosen = rng.choice(weight.size, edges, replace=False, p=weight.ravel() / weight.sum())
        wires = np.zeros(weight.size, bool)
        wires[chosen] = True
        layers.append(wires.reshape(weight.shape))
    return LayeredGraph(tuple(layers))


@pytest.mark.parametrize("density", [0.07, 0.4, 0.85])
@pytest.mark.parametrize("spread", [0.2, 0.5])
def test_degrees_vary_as_the_networks_do_on_average(density, spread):
    rng = np.random.default_rng(1)
    graph = fitness_graph(rng, spread, density)
    drawn = unequal_degrees(graph, 30, rng)
    for wires, draws in zip(graph.adjacency, drawn.adjacency, strict=True):
        assert (draws.sum(axis=(1, 2)) == wires.sum()).all()
        for axis in (0, 1):
            if wires.shape[1 - axis] < 100:
                continue  # Of few nodes the variance itself is little known.
            found = draws.sum(axis=axis + 1).var(axis=1, ddof=1).mean()
            assert found == pytest.approx(wires.sum(axis=axis).var(ddof=1), rel=0.2)


def test_uniform_graphs_get_uniform_graphs():
    rng = np.random.default_rng(2)
    graph = fitness_graph(rng, 0.0, 0.1)
    drawn = unequal_degrees(graph, 30, rng).adjacency[1]
    uniform = 200 * 0.1 * 0.9
    assert drawn.sum(axis=2).var(axis=1, ddof=1).mean() == pytest.approx(uniform, rel=0.25)


@pytest.mark.parametrize("spread", [0.3])
def test_such_graphs_are_alike_without_any_other_structure(spread):
    """They share no node and no edge, yet profiles agree to about 0.99."""
    rng = np.random.default_rng(3)
    network = fitness_graph(rng, spread, 0.1, (10, 400, 400, 400, 16, 7))
    drawn = motifs.control_draws(
        LayeredGraph(tuple(np.repeat(wires[None], 8, axis=0) for wires in network.adjacency)),
        range(8),
        3,
        "unequal-degrees",
    )
    table = motifs.profile(drawn, supports=("all",))
    table = table[table["base_layer"] == motifs.TOTAL]
    for order in (2, 3):
        part = table[table["order"] == order]
        z = part.pivot_table(index="network", columns="motif", values="z").to_numpy(dtype=float)
        assert stats.similarity_within(z).value == pytest.approx(0.985, abs=0.02)


def test_full_and_empty_layers_stay():
    graph = LayeredGraph((np.ones((3, 4), bool), np.zeros((4, 2), bool)))
    drawn = unequal_degrees(graph, 2, np.random.default_rng(0))
    assert drawn.adjacency[0].all()
    assert not drawn.adjacency[1].any()


def test_an_unknown_control_is_an_error():
    graph = LayeredGraph((np.ones((1, 2, 2), bool),))
    with pytest.raises(ValueError, match="known: drawn, degree-drawn, unequal-degrees"):
        motifs.control_draws(graph, (0,), 0, "other")
