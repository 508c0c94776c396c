"""Draws from the `layered` null: exact edge counts, calibrated z, reproducible."""

import numpy as np
import pytest

from harness.motifs import TOTAL, control_draws, profile
from harness.sparse.graph import LayeredGraph, edge_counts, node_counts

SIZES = (10, 60, 60, 16, 7)
EDGES = (120, 500, 150, 40)


@pytest.fixture(scope="module")
def graph():
    """Far from uniform: all edges at the first places."""
    layers = []
    for a, b, m in zip(SIZES, SIZES[1:], EDGES, strict=False):
        layers.append(np.broadcast_to((np.arange(a * b) < m).reshape(a, b), (300, a, b)))
    return LayeredGraph(tuple(layers))


def test_draws_have_the_edges_and_are_calibrated(graph):
    drawn = control_draws(graph, range(300), 3, "drawn")
    assert node_counts(drawn) == node_counts(graph)
    np.testing.assert_array_equal(edge_counts(drawn), edge_counts(graph))
    rows = profile(drawn, supports=("all",)).query(f"base_layer == {TOTAL}")
    z = rows.pivot_table(index="network", columns="motif", values="z")
    assert z.mean().abs().max() < 4 * 0.058
    assert (z.var() - 1).abs().max() < 4.5 * 0.082


def test_every_place_is_as_likely(graph):
    drawn = control_draws(graph, range(300), 0, "drawn")
    for wires, edges in zip(drawn.adjacency, EDGES, strict=True):
        share = edges / wires[0].size
        spread = np.sqrt(share * (1 - share) / 300)
        assert np.abs(wires.mean(0) - share).max() < 5 * spread


def test_dense_and_empty_layers_are_drawn_too():
    full = LayeredGraph((np.ones((2, 4, 3), bool), np.zeros((2, 3, 5), bool)))
    drawn = control_draws(full, (0, 1), 0, "drawn")
    assert drawn.adjacency[0].all()
    assert not drawn.adjacency[1].any()
    nearly = LayeredGraph((np.arange(12).reshape(1, 4, 3) < 11,))
    assert control_draws(nearly, (0,), 0, "drawn").adjacency[0].sum() == 11


def test_a_draw_depends_on_number_level_and_wiring_only(graph):
    some = LayeredGraph(tuple(wires[:4] for wires in graph.adjacency))
    first = control_draws(some, (5, 6, 7, 8), 2, "drawn").adjacency[1]
    alone = LayeredGraph(tuple(wires[:1] for wires in graph.adjacency))
    np.testing.assert_array_equal(control_draws(alone, (7,), 2, "drawn").adjacency[1][0], first[2])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(control_draws(some, (5, 6, 7, 8), 3, "drawn").adjacency[1], first)
    other = LayeredGraph((some.adjacency[0][:, ::-1], *some.adjacency[1:]))
    assert not np.array_equal(control_draws(other, (5, 6, 7, 8), 2, "drawn").adjacency[1], first)
