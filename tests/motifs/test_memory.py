"""Memory is bounded by blocks of networks and of draws, not by how many there are."""

import itertools
import tracemalloc

import numpy as np
import pytest

from harness.motifs import _sampled, profile, sampled_profile
from harness.sparse.graph import LayeredGraph


def network(networks, sizes=(10, 120, 120, 6), density=0.1, seed=0):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(sizes)
    return LayeredGraph(tuple(rng.random((networks, a, b)) < density for a, b in pairs))


def peak(call):
    """The most bytes that a call holds beside what was there before; NumPy reports its own."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("null", ["layered", "degree"])
def test_draws_are_held_a_block_at_a_time(null, monkeypatch):
    monkeypatch.setattr(_sampled, "_THREADS", 2)
    graph = network(1)

    def sample(number):
        return peak(lambda: sampled_profile(graph, null, number=number, names=("bifan",)))

    few, many = sample(128), sample(640)
    one_draw = sum(wires[0].size for wires in graph.adjacency)
    assert few > 64 * one_draw, "a block is no more than held at once"
    assert many < 1.5 * few


@pytest.mark.parametrize("support", ["live", "live-published"])
def test_networks_are_cut_down_a_block_at_a_time(support):
    """Beside the table itself, which is sorted, so held twice."""

    def beside_the_table(networks):
        graph = network(networks)
        table = profile(graph, supports=(support,), orders=(2,))
        rows = table.memory_usage().sum()
        return peak(lambda: profile(graph, supports=(support,), orders=(2,))) - 2 * rows

    assert beside_the_table(320) < 1.5 * beside_the_table(64)
