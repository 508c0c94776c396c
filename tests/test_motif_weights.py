"""`harness motifs --null signs` and `--null weights`: from files to tables."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness import LayeredGraph, cli, motifs, network_files

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
    assert "Motifs: coherent copies" in out
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


def test_what_has_no_weights_between_layers_is_refused(harness, tmp_path):
    (tmp_path / "d.csv").write_text("source,target,weight\na,b,1\nb,c,-1\nc,a,2\n")
    code, out, err = harness("d.csv", "--null", "signs")
    assert (code, out) == (2, "")
    assert "'d.csv' is a digraph: --null signs and weights are for layers" in err
    np.savez("w.npz", *weights())
    code, _, err = harness("w.npz", "--null", "signs", "--order", 4)
    assert code == 2
    assert "--null signs counts classes of orders 2 and 3" in err
