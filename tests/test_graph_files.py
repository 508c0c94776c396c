"""Matrices and graph formats: the same edges that networkx, igraph and SciPy wrote."""

import gzip

import igraph
import networkx as nx
import numpy as np
import pytest
from scipy import io as scipy_io
from scipy import sparse

from harness import LayeredGraph, SparseDigraph, UserError, network_files
from harness.network_files import Choices
from harness.sparse.graph import edge_counts, node_counts


def read(path, layout=None, *, threshold=0.0, **choices):
    return network_files.read(path, layout, threshold, choices=Choices(**choices))


def named(wiring):
    (nodes,) = wiring.nodes
    return {(nodes[a], nodes[b]) for a, b in np.argwhere(wiring.graph[0].dense())}


def graph(seed=0, kind=nx.DiGraph):
    """A network of 12 nodes with weights from 1 to 4; node n11 has no edge."""
    chance = np.random.default_rng(seed)
    network = kind()
    network.add_nodes_from(f"n{n}" for n in range(12))
    for a, b in chance.integers(11, size=(30, 2)):
        if a != b:
            network.add_edge(f"n{a}", f"n{b}", weight=float(1 + (a + b) % 4))
    return network


def edges(network, threshold=0.0):
    heavy = {(a, b) for a, b, weight in network.edges(data="weight") if weight > threshold}
    return heavy if network.is_directed() else heavy | {(b, a) for a, b in heavy}


def through_igraph(write):
    def written(network, path):
        write(igraph.Graph.from_networkx(network, vertex_attr_hashable="name"), str(path))

    return written


WRITERS = {
    "n.graphml": nx.write_graphml,
    "n.gml": nx.write_gml,
    "n.net": nx.write_pajek,
    "igraph.graphml": through_igraph(lambda one, path: one.write_graphml(path)),
    "igraph.gml": through_igraph(lambda one, path: one.write_gml(path)),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", [nx.DiGraph, nx.Graph])
def test_a_graph_file_has_the_edges_of_its_writer(tmp_path, name, kind):
    network = graph(kind=kind)
    WRITERS[name](network, tmp_path / name)
    for threshold in (0.0, 2.0):
        found = read(tmp_path / name, threshold=threshold)
        assert set(found.nodes[0]) == set(network)
        assert named(found) == edges(network, threshold)
        assert found.undirected == (not network.is_directed())
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    assert named(read(packed)) == edges(network)


def test_pajek_by_hand(tmp_path):
    (tmp_path / "n.net").write_text(
        '% made\n*Vertices 4\n1 "a b" 0.1 0.2\n2 "c"\n3 "d"\n*Arcslist\n1 2 3\n'
        "*Edges\n2 3 5\n*Arcs\n3 4\n"
    )
    found = read(tmp_path / "n.net")
    assert found.nodes == (("a b", "c", "d", "4"),)
    right = {("a b", "c"), ("a b", "d"), ("c", "d"), ("d", "c"), ("d", "4")}
    assert named(found) == right
    (tmp_path / "n.net").write_text("*Vertices 2\n1 a\n2 b\n*Matrix\n0 1\n0 0\n")
    assert named(read(tmp_path / "n.net")) == {("a", "b")}


GRAPHML = '<graphml><graph edgedefault="directed"><node id="a"/><node id="b"/>{}</graph></graphml>'
REFUSED = {
    "n.graphml": (
        (
            '<!DOCTYPE g [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + GRAPHML.format("&e;"),
            "a DOCTYPE, which can name other files, is not read",
        ),
        (GRAPHML.format('<edge source="a" target="c"/>'), "an edge of the node 'c', which it lack"),
        (GRAPHML.format(""), "has no edges"),
        (GRAPHML.format("<hyperedge/>"), "hyperedges are not read"),
    ),
    "n.gml": (
        ("graph [ node [ id 1 ]", "a '[' is not closed"),
        ("graph [ ] ]", "more ']' than '['"),
        ("graph [ node [ id 1 ] ]", "has no edges"),
    ),
    "n.net": (
        ("*Vertices 1000000000\n*Arcs\n1 2\n", "declares 1,000,000,000 nodes"),
        ("*Vertices 2\n*Arcs\n1 3\n", "an edge of the node '3', which it lacks"),
    ),
    "n.mtx": (
        (
            "%%MatrixMarket matrix coordinate real general\n9000 9000 1\n1 2 1\n",
            "declares 9,000 nodes, but has only 1 edges",
        ),
        (
            "%%MatrixMarket matrix array real general\n30000 30000\n1\n",
            "declares 30000 x 30000 entries, but holds 1",
        ),
        (
            "%%MatrixMarket matrix coordinate complex general\n2 2 1\n1 2 1 1\n",
            "holds complex numbers",
        ),
    ),
}


@pytest.mark.parametrize(("name", "case"), [(n, c) for n, of in REFUSED.items() for c in of])
def test_graph_files_that_are_refused(tmp_path, name, case):
    text, message = case
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as error:
        read(tmp_path / name)
    assert message in str(error.value)


def matrix(*shape):
    chance = np.random.default_rng(1)
    return chance.integers(1, 5, shape) * (chance.random(shape) < 0.3)


def test_matrix_market(tmp_path):
    wires = matrix(9, 9)
    np.fill_diagonal(wires, 0)
    for written in (sparse.coo_array(wires), wires):
        scipy_io.mmwrite(tmp_path / "n.mtx", written)
        found = read(tmp_path / "n.mtx", threshold=2.0)
        assert np.array_equal(found.graph[0].dense(), wires > 2)
        assert found.nodes == (tuple("123456789"),)
        assert any("rows are sources" in note for note in found.notes)
        layer = read(tmp_path / "n.mtx", "out-in")
        assert np.array_equal(layer.graph.adjacency[0][0], wires.T > 0)
    scipy_io.mmwrite(tmp_path / "n.mtx", sparse.coo_array(wires + wires.T), symmetry="symmetric")
    assert any("all edges are mutual" in note for note in read(tmp_path / "n.mtx").notes)
    scipy_io.mmwrite(tmp_path / "n.mtx", sparse.coo_array(matrix(8, 12)))
    assert node_counts(read(tmp_path / "n.mtx").graph) == (8, 12)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr"])
def test_sparse_arrays_of_scipy(tmp_path, form):
    wires = matrix(8, 12)
    sparse.save_npz(tmp_path / "n.npz", sparse.coo_array(wires).asformat(form))
    found = read(tmp_path / "n.npz")
    assert np.array_equal(found.graph.adjacency[0][0], wires > 0)
    assert edge_counts(found.graph).tolist() == [[np.count_nonzero(wires)]]
    sparse.save_npz(tmp_path / "n.npz", sparse.coo_array(wires[:, :8]).asformat(form))
    with pytest.raises(UserError, match=r"in three ways.*--digraph"):
        read(tmp_path / "n.npz")
    np.fill_diagonal(wires, 0)
    found = read(tmp_path / "n.npz", digraph=True)
    assert np.array_equal(found.graph[0].dense(), wires[:, :8] > 0)


def test_sparse_arrays_that_are_damaged(tmp_path):
    good = {
        "format": b"csr",
        "shape": [3, 3],
        "data": [1.0],
        "indices": [1],
        "indptr": [0, 1, 1, 1],
    }
    for fault, message in (
        ({"indices": [7]}, "cannot be read as .npz"),
        ({"shape": [3]}, "its shape is"),
        ({"shape": [3, 10**12]}, "declares 1,000,000,000,000 nodes"),
        ({"format": b"dia"}, "the format dia is not read"),
        ({"data": [np.nan]}, "no finite real numbers"),
    ):
        np.savez(tmp_path / "n.npz", **(good | fault))
        with pytest.raises(UserError, match=message):
            read(tmp_path / "n.npz", digraph=True)


def table(wires, names, corner="", delimiter=","):
    head = ([corner] if corner is not None else []) + list(names)
    rows = [[name, *map(str, row)] for name, row in zip(names, wires, strict=True)]
    return "\n".join(delimiter.join(row) for row in [head, *rows])


@pytest.mark.parametrize("corner", ["", "neuron", None])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_labelled_matrices(tmp_path, corner, delimiter):
    network = graph()
    wires = nx.to_numpy_array(network, dtype=int)
    (tmp_path / "n.csv").write_text(table(wires, list(network), corner, delimiter))
    found = read(tmp_path / "n.csv", threshold=1.0)
    assert found.nodes == (tuple(network),)
    assert named(found) == edges(network, 1)
    assert isinstance(read(tmp_path / "n.csv", "in-out").graph, LayeredGraph)


def test_a_labelled_matrix_of_two_kinds_of_nodes(tmp_path):
    (tmp_path / "n.csv").write_text(",x,y,z\na,1,0,2\nb,0,0,1\n")
    found = read(tmp_path / "n.csv")
    assert found.nodes == (("a", "b"), ("x", "y", "z"))
    assert found.graph.adjacency[0][0].tolist() == [[True, False, True], [False, False, True]]


def test_columns_of_a_labelled_matrix_in_another_order(tmp_path):
    (tmp_path / "n.csv").write_text(",b,a\na,1,0\nb,0,2\n")
    assert named(read(tmp_path / "n.csv")) == {("a", "b"), ("b", "a")}
    assert named(read(tmp_path / "n.csv", threshold=1.0)) == {("b", "a")}


def test_bare_matrices_are_not_guessed(tmp_path):
    path = tmp_path / "n.txt"
    wires = matrix(6, 6)
    np.fill_diagonal(wires, 0)
    np.savetxt(path, wires, fmt="%d")
    with pytest.raises(UserError, match=r"in three ways.*nodes 6-6.*--digraph"):
        read(path)
    assert np.array_equal(read(path, digraph=True).graph[0].dense(), wires > 0)
    assert read(path, "in-out").graph.adjacency[0].shape == (1, 6, 6)
    np.savetxt(path, matrix(8, 6), fmt="%d")
    with pytest.raises(UserError, match=r"--columns 1,2 .*--layout in-out"):
        read(path)
    assert isinstance(read(path, columns=("1", "2")).graph[0], SparseDigraph)
    path.write_text("0 1 1\n1 0 0\n0 1 0\n")
    with pytest.raises(UserError, match=r"--columns 1,2 .*--digraph for a matrix"):
        read(path)
    assert len(named(read(path, digraph=True))) == 4
    path.write_text("1 2 1\n2 3 1\n1 3 1\n")  # as mfinder writes edges: three rows of three
    assert named(read(path)) == {("1", "2"), ("2", "3"), ("1", "3")}
