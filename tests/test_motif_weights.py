"""`harness motifs --null signs` and `--null weights`: from files to tables."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness import LayeredGraph, cli, motifs, network_files
from harness.sparse.edges import sparse_digraph

SIZES = ((6, 9), (9, 7), (7, 4))


def weights(networks=2, seed=0):
    rng = np.random.default_rng(seed)
    shapes = [(networks, *size) for size in SIZES]
    layers = [rng.normal(size=shape) * (rng.random(shape) < 0.5) for shape in shapes]
    return [layer.astype(np.float32) for layer in layers]


@pytest.fixture
def harness(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(["motifs", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return end.value.code or 0, out, err

    return call


def edge_list(path, layers):
    lines = ["source,target,layer,weight"]
    for n, layer in enumerate(layers):
        lines += [f"n{a},n{b},{n},{layer[a, b]!r}" for a, b in np.argwhere(layer)]
    path.write_text("\n".join(lines).replace("np.float32(", "").replace(")", "") + "\n")


@pytest.mark.slow
def test_rows_are_those_of_the_engines(harness):
    np.savez("w.npz", *weights())
    code, out, _ = harness("w.npz", "--null", "signs", "--null", "weights", "--json")
    assert code == 0
    rows = {(row["null"], row["network"], row["motif"]): row for row in json.loads(out)}
    graph = LayeredGraph(tuple(layer != 0 for layer in weights()))
    signs = [np.sign(layer).astype(int) for layer in weights()]
    signed = motifs.signed_profile(graph, signs)
    signed = signed[signed["base_layer"] == motifs.TOTAL]
    intense = motifs.intensity_profile(graph, weights())
    assert len(rows) == len(signed) + len(intense)
    for table, names in ((signed, ("share",)), (intense, ("copies", "coherence", "coherence_z"))):
        for right in table.to_dict("records"):
            row = rows[right["null"], right["network"], right["motif"]]
            for name in ("count", "expected", "sd", "z", "p", "q", "draws", *names):
                assert row[name] == pytest.approx(right[name], nan_ok=True)
    signed_rows = [row for row in rows.values() if row["null"] == "signs"]
    assert all(row["share"] == pytest.approx(row["count"] / row["copies"]) for row in signed_rows)


def test_planted_signs_are_found_and_explained(harness):
    """Each hidden unit has one sign for all its edges, so that chains agree."""
    rng = np.random.default_rng(1)
    units = np.sign(rng.normal(size=30))
    first, second = (np.abs(rng.normal(size=(30, 30))) * (rng.random((30, 30)) < 0.3) for _ in "ab")
    np.savez("w.npz", first * units, (second.T * units).T[:, :20])
    out = harness("w.npz", "--null", "signs")[1]
    assert "times the expected coherent copies" in out.splitlines()[0]
    assert "over-represented" in out.splitlines()[0]
    assert "Motifs, null signs (100 draws): coherent copies" in out
    assert "A copy is coherent if the product of its signs is positive" in out


def test_axes_thresholds_and_edge_lists_give_the_same_weights(tmp_path):
    layers = [layer[0] for layer in weights(1)]
    choices = network_files.Choices(weights=True)
    save_file(
        {f"layers.{n}.weight": np.ascontiguousarray(one.T) for n, one in enumerate(layers)},
        tmp_path / "w.safetensors",
    )
    read = network_files.read(tmp_path / "w.safetensors", choices=choices, threshold=0.3)
    for found, layer in zip(read.weights, layers, strict=True):
        np.testing.assert_array_equal(found[0], np.where(np.abs(layer) > 0.3, layer, 0))
    edge_list(tmp_path / "w.csv", layers)
    read = network_files.read(tmp_path / "w.csv", choices=choices, threshold=0.3)
    assert read.weights is not None
    for at, (found, layer) in enumerate(zip(read.weights, layers, strict=True)):
        rows, columns = ([int(name[1:]) for name in read.nodes[n]] for n in (at, at + 1))
        right = np.where(np.abs(layer) > 0.3, layer, 0)[np.ix_(rows, columns)]
        np.testing.assert_allclose(found[0], right, rtol=1e-6)
    assert network_files.read(tmp_path / "w.csv").weights is None


def digraph(path, seed=0, nodes=14):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(nodes, nodes)).round(3) * (rng.random((nodes, nodes)) < 0.4)
    np.fill_diagonal(matrix, 0)
    links = [f"n{a:02},n{b:02},{matrix[a, b]}" for a, b in np.argwhere(matrix)]
    path.write_text("\n".join(["source,target,weight", *links]) + "\n")
    return matrix


def test_digraphs_have_loops_and_cycles_under_both_nulls(harness, tmp_path):
    matrix = digraph(tmp_path / "d.csv")
    np.save("d.npy", matrix)
    kept = sparse_digraph(len(matrix), *np.nonzero(matrix))
    own = [matrix[kept.sources, kept.targets]]
    code, out, _ = harness("d.csv", "--null", "signs", "--null", "weights", "--json")
    rows = json.loads(out)
    assert (code, len(rows)) == (0, 4)
    for row in rows:
        table = motifs.weighted_triads_profile([kept], own, row["null"]).set_index("motif")
        names = ("copies", "coherence", "coherence_z") if row["null"] == "weights" else ("share",)
        for name in ("count", "expected", "sd", "z", "p", "q", "draws", *names):
            assert row[name] == pytest.approx(table.loc[row["motif"], name]), name
        assert row["order"] == 2
    as_matrix = harness("d.npy", "--digraph", "--null", "signs", "--null", "weights", "--json")[1]
    assert [row | {"file": "d.csv"} for row in json.loads(as_matrix)] == rows


@pytest.mark.slow
def test_planted_signs_of_a_digraph_are_found_and_explained(harness, tmp_path):
    """Each node has one sign for all its edges, which makes loops agree, if not cycles."""
    matrix = digraph(tmp_path / "d.csv", nodes=30)
    units = np.sign(np.random.default_rng(1).normal(size=30))
    links = [f"{a},{b},{units[a] * units[b]}" for a, b in np.argwhere(matrix)]
    (tmp_path / "d.csv").write_text("\n".join(["source,target,weight", *links]) + "\n")
    np.savez("w.npz", *weights(1))
    asked = ("--null", "signs", "--null", "layered", "--order", "2")
    code, out, _ = harness(*asked, "d.csv", "w.npz", "--html", "p.html", "--latex", "t.tex")
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("d.csv, null signs"))
    assert "2 over-represented" in line
    assert "times the expected coherent copies" in line
    for words in ("030T", "a->b->c->a", "Copies need not be induced", "d.csv, null degree"):
        assert words in out
    assert "Digraphs: induced copies" not in harness("d.csv", "--null", "signs")[1]
    page = (tmp_path / "p.html").read_text()
    assert "<title>030T</title>" in page
    assert "Copies need not be induced" in page
    assert "030C" in (tmp_path / "t.tex").read_text()


def test_weights_of_edges_are_added_before_the_threshold_and_equal_both_ways(tmp_path):
    lines = ("a,b,1", "a,b,2", "b,a,-1", "b,c,0.4", "c,a,-2", "c,c,9", "a,c,5", "a,c,-5")
    (tmp_path / "d.csv").write_text("\n".join(["source,target,weight", *lines]) + "\n")

    def edges(**choices):
        choices = network_files.Choices(weights=True, **choices)
        read = network_files.read(tmp_path / "d.csv", choices=choices, threshold=0.5)
        (one,), (own,) = read.graph, read.weights
        return dict(zip(zip(one.sources, one.targets, strict=True), own, strict=True))

    assert edges() == {(0, 1): 3, (1, 0): -1, (2, 0): -2}
    assert edges(undirected=True) == {(0, 1): 1, (1, 0): 1, (0, 2): -2, (2, 0): -2}
    assert network_files.read(tmp_path / "d.csv").weights is None


def test_matrices_and_graphs_of_python_have_their_weights(tmp_path):
    networkx = pytest.importorskip("networkx")
    matrix = digraph(tmp_path / "d.csv")
    scipy_matrix = network_files.from_scipy(matrix)
    graph = networkx.from_numpy_array(matrix, create_using=networkx.DiGraph)
    np.save(tmp_path / "d.npy", np.stack([matrix, matrix]).swapaxes(1, 2))
    choices = network_files.Choices(weights=True, digraph=True)
    array = network_files.read(tmp_path / "d.npy", "out-in", choices=choices)
    assert len(array.weights) == 2
    for wiring in (scipy_matrix, network_files.from_networkx(graph), array):
        one = wiring.graph[-1]
        np.testing.assert_array_equal(wiring.weights[-1], matrix[one.sources, one.targets])


def test_state_dicts_and_labelled_matrices_of_layers_have_their_weights(tmp_path):
    first, second = (layer[0] for layer in weights(1)[:2])
    choices = network_files.Choices(weights=True)
    state = {"a.weight": first.T, "b.weight": second.T}
    read = network_files.from_state_dict(state, choices=choices)
    for own, right in zip(read.weights, (first, second), strict=True):
        np.testing.assert_array_equal(own[0], right)
    heads = ["", *(f"t{n}" for n in range(9))]
    rows = [[f"s{n}", *map(str, row)] for n, row in enumerate(first)]
    (tmp_path / "m.csv").write_text("\n".join(map(",".join, [heads, *rows])) + "\n")
    read = network_files.read(tmp_path / "m.csv", choices=choices)
    np.testing.assert_allclose(read.weights[0][0], first)


@pytest.mark.parametrize(
    ("lines", "null", "message"),
    [
        (("source,target", "a,b", "b,c"), "signs", "has no weights but 1: --null signs"),
        (("source,target", "a,b", "b,c"), "weights", "has no weights but 1: --null weights"),
        (("source,target,weight", "a,b,1", "b,c,2"), "signs", "has weights of one sign only"),
        (("source,target,weight", "a,b,2", "b,c,-2"), "weights", "has weights of one size only"),
        (("source,target,weight", "a,b,1", "b,c,-2"), "signs", "has no feed-forward loop and no"),
    ],
)
def test_digraphs_that_a_null_cannot_compare_are_refused(harness, tmp_path, lines, null, message):
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    code, out, err = harness("d.csv", "--null", null)
    assert (code, out) == (2, "")
    assert f"'d.csv' {message}" in err


def test_classes_and_layers_that_have_no_weights_are_refused(harness, tmp_path):
    digraph(tmp_path / "d.csv")
    code, _, err = harness("d.csv", "--null", "signs", "--order", 3)
    assert code == 2
    assert "--null signs counts classes of order 2 only" in err
    np.savez("w.npz", *weights())
    code, _, err = harness("w.npz", "--null", "signs", "--order", 4)
    assert code == 2
    assert "--null signs counts classes of orders 2 and 3" in err
