"""Layered graphs and digraphs: orientation, live nodes, the published stripping rule."""

import itertools

import equinox as eqx
import hypothesis.strategies as st
import igraph
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from harness.sparse.graph import (
    Digraph,
    LayeredGraph,
    bias_as_nodes,
    edge_counts,
    layered,
    live_nodes,
    node_counts,
    restrict,
    strip_published,
)

SIZES = (3, 4, 5, 2)


def random_graph(seed, density, sizes=SIZES, batch=(), bias=False):
    rng = np.random.default_rng(seed)
    wires = [rng.random((*batch, a, b)) < density for a, b in itertools.pairwise(sizes)]
    units = [rng.random((*batch, b)) < density for b in sizes[1:]]
    return LayeredGraph(tuple(wires), tuple(units) if bias else None)


draws = given(st.integers(0, 10**6), st.sampled_from([0.05, 0.2, 0.4, 0.8]))
examples = settings(max_examples=40, derandomize=True, deadline=None)


def as_igraph(graph):
    starts = np.cumsum((0, *node_counts(graph)))
    edges = [
        (int(starts[layer] + a), int(starts[layer + 1] + b))
        for layer, wires in enumerate(graph.adjacency)
        for a, b in np.argwhere(wires)
    ]
    return igraph.Graph(int(starts[-1]), edges, directed=True), starts


def test_layered_turns_out_by_in_into_in_by_out():
    weight = eqx.nn.Linear(3, 2, key=jax.random.key(0)).weight
    graph = layered([weight > 0, jnp.ones((4, 2), bool)])
    assert node_counts(graph) == (3, 2, 4)
    assert (graph.adjacency[0][1, 0] == (weight[0, 1] > 0)).all()


def test_graphs_are_built_under_jit_and_vmap():
    masks = [jnp.ones((5, 4, 3), bool), jnp.ones((5, 2, 4), bool)]
    graph = jax.jit(jax.vmap(lambda m: layered(m, [m[0].any(1), m[1].any(1)])))(masks)
    assert [w.shape for w in graph.adjacency] == [(5, 3, 4), (5, 4, 2)]
    ends = jnp.array([True, False, False])
    wiring = jax.vmap(lambda m: Digraph(m, ends, ~ends))(jnp.ones((5, 3, 3), bool))
    assert wiring.adjacency.shape == (5, 3, 3)
    assert live_nodes(wiring).all()


@pytest.mark.parametrize(
    ("masks", "bias", "message"),
    [
        ([], None, "at least one"),
        ([np.ones((4, 3), bool), np.ones((2, 5), bool)], None, "mask 0 has 4 outputs"),
        ([np.ones((4, 3), bool)], [np.ones(3, bool)], "bias"),
        ([np.ones((4, 3), bool)], [], "bias"),
    ],
)
def test_masks_that_do_not_fit_are_refused(masks, bias, message):
    with pytest.raises(ValueError, match=message):
        layered(masks, bias)


@draws
@examples
def test_live_nodes_are_those_on_a_path_from_input_to_output(seed, density):
    graph = random_graph(seed, density)
    network, starts = as_igraph(graph)
    outputs = set(range(starts[-2], starts[-1]))
    below = [set(network.subcomponent(v, mode="out")) for v in range(network.vcount())]
    inputs = range(starts[1])
    expected = [
        any(v in below[i] for i in inputs) and bool(below[v] & outputs)
        for v in range(network.vcount())
    ]
    assert np.concatenate(live_nodes(graph)).tolist() == expected


@draws
@examples
def test_a_digraph_of_the_same_edges_has_the_same_live_nodes_and_edges(seed, density):
    graph = random_graph(seed, density)
    network, starts = as_igraph(graph)
    ends = np.arange(starts[-1])
    wires = np.array(network.get_adjacency().data, bool)
    digraph = Digraph(wires, ends < starts[1], ends >= starts[-2])
    live = live_nodes(digraph)
    np.testing.assert_array_equal(live, np.concatenate(live_nodes(graph)))
    effective = restrict(graph, live_nodes(graph))
    assert restrict(digraph, live).adjacency.sum() == edge_counts(effective).sum()


def test_live_nodes_of_a_digraph_with_a_cycle():
    wires = np.zeros((5, 5), bool)
    wires[[0, 1, 2, 1, 4], [1, 2, 1, 3, 3]] = True  # 0 -> 1 <-> 2, 1 -> 3 <- 4
    ends = np.arange(5)
    assert live_nodes(Digraph(wires, ends == 0, ends == 3)).tolist() == [1, 1, 1, 1, 0]


@draws
@examples
def test_without_biases_the_published_rule_leaves_the_effective_edges(seed, density):
    graph = random_graph(seed, density)
    effective = restrict(graph, live_nodes(graph))
    for ours, published in zip(effective.adjacency, strip_published(graph).adjacency, strict=True):
        np.testing.assert_array_equal(ours, published)


@draws
@examples
def test_after_the_published_rule_hidden_nodes_are_entered_and_left_or_bare(seed, density):
    graph = random_graph(seed, density, bias=True)
    stripped = strip_published(graph)
    for wires, unit, following in zip(
        stripped.adjacency, stripped.bias, stripped.adjacency[1:], strict=False
    ):
        np.testing.assert_array_equal(wires.any(0) | unit, following.any(1))
    assert (edge_counts(stripped) >= edge_counts(restrict(graph, live_nodes(graph)))).all()


def test_the_published_rule_keeps_what_only_a_bias_enters_and_cascades():
    first, second, third = (np.zeros((2, 2), bool) for _ in range(3))
    first[0, 0] = second[1, 1] = third[1, 0] = True
    units = (np.array([False, True]), np.array([True, False]), np.array([False, False]))
    with_bias = strip_published(LayeredGraph((first, second, third), units))
    assert edge_counts(with_bias).tolist() == [0, 1, 1]  # 0 -> 0 is dead, bias -> 1 -> 1 -> 0 not
    assert [unit.tolist() for unit in with_bias.bias] == [[0, 1], [0, 0], [0, 0]]
    without = strip_published(LayeredGraph((first, second, third)))
    assert edge_counts(without).tolist() == [0, 0, 0]


def test_bias_units_become_one_source_node_a_layer():
    graph = random_graph(0, 0.4, bias=True)
    grown = bias_as_nodes(graph)
    assert node_counts(grown) == (4, 5, 6, 2)
    for wires, unit, before in zip(grown.adjacency, graph.bias, graph.adjacency, strict=True):
        np.testing.assert_array_equal(wires[-1, : unit.size], unit)
        np.testing.assert_array_equal(wires[:-1, : unit.size], before)
        assert not wires[:, unit.size :].any()
    plain = random_graph(0, 0.4)
    assert bias_as_nodes(plain) is plain


@pytest.mark.parametrize("function", [strip_published, lambda g: restrict(g, live_nodes(g))])
def test_a_batch_is_its_members(function):
    graph = random_graph(1, 0.3, batch=(2, 3), bias=True)
    whole = function(graph)
    assert edge_counts(whole).shape == (2, 3, 3)
    one = function(jax.tree.map(lambda leaf: leaf[1, 2], graph))
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(one), strict=True):
        np.testing.assert_array_equal(a[1, 2], b)


def test_restricting_to_too_few_layers_is_refused():
    with pytest.raises(ValueError, match="4 layers of nodes"):
        restrict(random_graph(0, 0.3), [np.ones(3, bool)])
