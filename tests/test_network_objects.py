"""Networks of networkx, igraph, SciPy and PyTorch: read as graphs, and given back."""

from itertools import pairwise

import igraph
import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import harness
from harness import LayeredGraph, SparseDigraph, UserError

NETWORK = nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a"), ("a", "c"), ("c", "c")])
NETWORK.add_node("lonely")
SIZES = (5, 6, 4)
MASKS = [np.random.default_rng(0).random((b, a)) < 0.5 for a, b in pairwise(SIZES)]


def test_networkx_and_back():
    found = harness.from_networkx(NETWORK)
    assert found.nodes == (("a", "b", "c", "lonely"),)
    assert "1 self-loop left out" in found.notes
    back = harness.to_networkx(found)
    assert set(back.nodes) == set(NETWORK)
    assert set(back.edges) == set(NETWORK.edges) - {("c", "c")}
    heavy = nx.MultiDiGraph()
    heavy.add_edge(1, 2, weight=1.0)
    heavy.add_edge(1, 2, weight=1.5)
    heavy.add_edge(2, 3, weight=2.0)
    assert set(harness.to_networkx(harness.from_networkx(heavy, threshold=2.0)).edges) == {
        ("1", "2")
    }
    ring = harness.from_networkx(nx.cycle_graph(4))
    assert ring.undirected
    assert len(ring.graph[0].sources) == 8
    with pytest.raises(UserError, match="two nodes of the graph are named '1'"):
        harness.from_networkx(nx.DiGraph([(1, "1")]))


def test_igraph_and_back():
    graph = igraph.Graph.from_networkx(NETWORK, vertex_attr_hashable="name")
    found = harness.from_igraph(graph)
    assert np.array_equal(found.graph[0].keys, harness.from_networkx(NETWORK).graph[0].keys)
    back = harness.to_igraph(found)
    assert back.vs["name"] == ["a", "b", "c", "lonely"]
    assert back.ecount() == 4
    plain = igraph.Graph([(0, 1), (1, 2)], directed=False)
    plain.es["weight"] = [1, 3]
    found = harness.from_igraph(plain, threshold=2.0)
    assert found.nodes == (("0", "1", "2"),)
    assert found.undirected
    assert len(found.graph[0].sources) == 2


def test_scipy_and_back():
    wires = sparse.random_array((7, 7), density=0.4, rng=np.random.default_rng(1)).tolil()
    wires.setdiag(0)
    found = harness.from_scipy(wires.tocsr())
    assert isinstance(found.graph[0], SparseDigraph)
    (back,) = harness.to_scipy(found)
    assert np.array_equal(back.toarray(), wires.toarray() > 0)
    layer = harness.from_scipy(wires.tocsr(), layout="out-in")
    assert np.array_equal(harness.to_scipy(layer)[0].toarray(), wires.toarray().T > 0)
    assert isinstance(harness.from_scipy(np.eye(3, 5)).graph, LayeredGraph)


def test_state_dict_and_back():
    torch = pytest.importorskip("torch")
    from torch.nn.utils import prune

    net = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.ReLU(), torch.nn.Linear(6, 4))
    for layer, mask in zip((net[0], net[2]), MASKS, strict=True):
        prune.custom_from_mask(layer, "weight", torch.tensor(mask))
    found = harness.from_state_dict(net.state_dict())
    assert (found.names, found.layout) == (("0.weight", "2.weight"), "out-in")
    back = harness.to_state_dict(found)
    for mask, returned in zip(MASKS, back.values(), strict=True):
        assert np.array_equal(returned, mask)
    half = harness.from_state_dict(net.to(torch.bfloat16).state_dict())
    assert all(map(np.array_equal, half.graph.adjacency, found.graph.adjacency))
    again = harness.from_state_dict(back)
    assert all(map(np.array_equal, again.graph.adjacency, found.graph.adjacency))


def test_layers_become_one_graph_with_their_names():
    found = harness.from_state_dict({f"{n}.weight": mask for n, mask in enumerate(MASKS)})
    back = harness.to_networkx(found)
    right = {
        (f"{layer}/{a}", f"{layer + 1}/{b}")
        for layer, mask in enumerate(MASKS)
        for b, a in np.argwhere(mask)
    }
    assert set(back.edges) == right
    assert back.nodes["2/3"] == {"layer": 2}
    assert harness.to_igraph(found).vs["layer"] == [0] * 5 + [1] * 6 + [2] * 4
