"""Copy and induced counts, against brute force and igraph's census."""

import itertools
from math import comb, prod

import hypothesis.strategies as st
import igraph
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from harness.motifs import _counts, classes, counts, induced
from harness.sparse.graph import LayeredGraph

ORDERS = (2, 3, 4)
CLASSES = classes(2) + classes(3) + classes(4)


def random_graph(sizes, density, seed, batch=()):
    rng = np.random.default_rng(seed)
    return LayeredGraph(
        tuple(rng.random((*batch, a, b)) < density for a, b in itertools.pairwise(sizes))
    )


def embeddings(motif, adjacency, base):
    """Ways to place the motif's nodes in the graph's layers, one node at a time."""
    layer_of = [base + i for i, size in enumerate(motif.layers) for _ in range(size)]
    widths = [adjacency[0].shape[0], *(wires.shape[1] for wires in adjacency)]

    def extend(placed):
        node = len(placed)
        if node == len(layer_of):
            return 1
        total = 0
        for candidate in range(widths[layer_of[node]]):
            taken = any(
                candidate == other and layer_of[index] == layer_of[node]
                for index, other in enumerate(placed)
            )
            fits = all(
                adjacency[layer_of[a]][placed[a], candidate] for a, b in motif.edges if b == node
            )
            if fits and not taken:
                total += extend((*placed, candidate))
        return total

    return extend(())


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=5),
    st.sampled_from([0.3, 0.6, 0.9]),
    st.integers(0, 10**6),
)
@settings(max_examples=20, derandomize=True, deadline=None)
def test_counts_are_those_of_brute_force(sizes, density, seed):
    graph = random_graph(sizes, density, seed)
    found = counts(graph, ORDERS)
    assert found.keys() == {motif.name for motif in CLASSES}
    for motif in CLASSES:
        bases = range(len(sizes) - motif.span)
        expected = [
            embeddings(motif, graph.adjacency, base) // motif.automorphisms for base in bases
        ]
        assert found[motif.name].tolist() == expected, motif.name


@pytest.mark.parametrize("order", [1, 5])
def test_any_order_is_counted_by_the_same_method(order):
    graph = random_graph((3, 4, 3, 2), 0.6, seed=order)
    found = counts(graph, (order,))
    for motif in classes(order):
        bases = range(max(0, 4 - motif.span))
        expected = [
            embeddings(motif, graph.adjacency, base) // motif.automorphisms for base in bases
        ]
        assert found[motif.name].tolist() == expected, motif.name


def test_the_general_method_agrees_with_the_fast_path(monkeypatch):
    graph = random_graph((9, 30, 25, 12), 0.3, seed=6, batch=(2,))
    fast = counts(graph)
    monkeypatch.setattr(_counts, "_FAST", ())
    general = counts(graph)
    assert all((fast[name] == general[name]).all() for name in fast)


@pytest.mark.slow
@pytest.mark.parametrize("exact", [2**53, 1])
def test_a_device_counts_what_the_host_counts(exact, monkeypatch):
    # With every product on float64, and with every product on int64.
    monkeypatch.setattr(_counts, "EXACT_IN_FLOAT", exact)
    graph = random_graph((4, 7, 6, 3), 0.5, seed=7, batch=(3, 2))
    monkeypatch.setattr(_counts, "_BLOCK_BYTES", 4 * 8 * 8 * 7 * 7)  # blocks of four, then of two
    _counts._device_block.clear_cache()
    host, device = counts(graph, ORDERS), counts(graph, ORDERS, on="device")
    for name, number in host.items():
        assert device[name].dtype == np.int64
        np.testing.assert_array_equal(device[name], number, err_msg=name)
    assert jnp.asarray(1.0).dtype == np.float32  # 64 bits stay within


def test_counts_beyond_float64_are_exact():
    # 3^2 * 2^60 homomorphisms of a star of four: more than 53 bits, and odd ones among them.
    sizes = (3, 1 << 13)
    full = LayeredGraph((np.ones(sizes, bool),))
    star = next(m for m in classes(4) if m.layers == (1, 4))
    assert counts(full, (4,))[star.name].tolist() == [3 * comb(1 << 13, 4)]


@pytest.mark.parametrize("sizes", [(30, 70, 65, 20), (5, 130, 90, 7, 4)])
def test_induced_counts_are_those_of_igraph(sizes):
    graph = random_graph(sizes, 0.3, seed=len(sizes))
    starts = np.cumsum((0, *sizes))
    edges = [
        (int(starts[layer] + a), int(starts[layer + 1] + b))
        for layer, wires in enumerate(graph.adjacency)
        for a, b in np.argwhere(wires)
    ]
    assert len(edges) > 2000
    network = igraph.Graph(int(starts[-1]), edges, directed=True)
    found = induced(counts(graph))
    for order in (2, 3):
        census = network.motifs_randesu(size=order + 1)
        for motif in classes(order):
            small = igraph.Graph(order + 1, list(motif.edges), directed=True)
            assert found[motif.name].sum() == census[small.isoclass()], motif.name


def test_a_full_graph_holds_every_placement_beyond_the_reach_of_float32():
    sizes = (70, 130, 300, 5)  # 300 successors in common: more than a byte counts
    full = LayeredGraph(tuple(np.ones((a, b), bool) for a, b in itertools.pairwise(sizes)))
    found = counts(full, ORDERS)
    assert max(int(number.max(initial=0)) for number in found.values()) > 2**27
    for motif in CLASSES:
        for base, number in enumerate(found[motif.name].tolist()):
            placements = prod(
                prod(range(n - v + 1, n + 1))
                for n, v in zip(sizes[base:], motif.layers, strict=False)
            )
            assert number == placements // motif.automorphisms, motif.name


def test_counts_do_not_change_with_the_order_of_nodes():
    graph = random_graph((6, 9, 8, 5), 0.4, seed=1)
    orders = [np.random.default_rng(2).permutation(n) for n in (6, 9, 8, 5)]
    shuffled = LayeredGraph(
        tuple(
            wires[np.ix_(a, b)]
            for wires, a, b in zip(graph.adjacency, orders, orders[1:], strict=False)
        )
    )
    before, after = counts(graph), counts(shuffled)
    assert all((before[name] == after[name]).all() for name in before)


def test_reversing_all_edges_swaps_the_mirrored_classes():
    graph = random_graph((6, 9, 8, 5), 0.4, seed=3)
    mirrored = LayeredGraph(tuple(wires.T for wires in reversed(graph.adjacency)))
    before, after = counts(graph), counts(mirrored)
    partners = [("diverge2", "converge2"), ("diverge3", "converge3"), ("chain3", "chain3")]
    partners += [("chain_diverge", "converge_chain"), ("fork_tail", "merge_tail")]
    partners += [(name, name) for name in ("chain2", "bifan", "biparallel", "zigzag")]
    for first, second in partners:
        np.testing.assert_array_equal(before[first], after[second][::-1])


def test_batches_keep_their_axes_and_jax_arrays_will_do():
    graph = random_graph((4, 6, 5), 0.5, seed=4, batch=(2, 3))
    on_device = LayeredGraph(tuple(jnp.asarray(wires) for wires in graph.adjacency))
    found = counts(on_device)
    assert found["chain3"].shape == (2, 3, 0)
    assert found["bifan"].shape == (2, 3, 2)
    one = counts(LayeredGraph(tuple(wires[1, 2] for wires in graph.adjacency)))
    for name, number in found.items():
        assert number.dtype == np.int64
        np.testing.assert_array_equal(number[1, 2], one[name])


@pytest.mark.parametrize("batch", [(), (0,), (2,)])
def test_empty_graphs_hold_nothing(batch):
    found = counts(LayeredGraph((np.zeros((*batch, 3, 2), bool), np.zeros((*batch, 2, 4), bool))))
    assert all(number.shape[:-1] == batch and not number.any() for number in found.values())


def test_graphs_that_could_overflow_are_refused_before_counting():
    wide = np.broadcast_to(np.zeros((), bool), (60_000, 60_000))
    with pytest.raises(OverflowError, match="int64"):
        counts(LayeredGraph((wide, wide)))


def test_one_order_alone():
    graph = random_graph((4, 6, 5), 0.5, seed=5)
    assert counts(graph, (2,)).keys() == {motif.name for motif in classes(2)}
    assert induced(counts(graph, (3,))).keys() == {motif.name for motif in classes(3)}
    assert induced(counts(graph, (4,))).keys() == {motif.name for motif in classes(4)}
    with pytest.raises(ValueError, match="order 1 or more"):
        counts(graph, (0,))
