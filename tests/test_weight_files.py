"""Weights as frameworks save them: which arrays, in which order and layout, and what is refused."""

import json
import subprocess
import sys
import zipfile

import h5py
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from harness import SparseDigraph, UserError, network_files
from harness.network_files import Choices
from harness.sparse.graph import edge_counts, node_counts


def sparse(*shape, seed=0):
    chance = np.random.default_rng(seed)
    return (chance.normal(size=shape) * (chance.random(shape) < 0.4)).astype(np.float32)


def read(path, layout=None, **choices):
    return network_files.read(path, layout, choices=Choices(**choices))


def edges(wiring):
    return edge_counts(wiring.graph)[0].tolist()


FC = {
    "fc_in.weight": sparse(8, 12),
    "fc_hidden.weight": sparse(6, 8),
    "fc_out.weight": sparse(4, 6),
}
IN_ORDER = [np.count_nonzero(array) for array in FC.values()]
PAIRS = {
    "fc1.weight_orig": np.ones((50, 50), np.float32),
    "fc1.weight_mask": (np.arange(2500).reshape(50, 50) % 10 == 0).astype(np.float32),
    "fc1.bias": np.ones(50, np.float32),
    "fc2.weight_orig": np.ones((50, 50), np.float32),
    "fc2.weight_mask": (np.arange(2500).reshape(50, 50) % 5 == 0).astype(np.float32),
}


def as_h5(path, arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


WRITERS = {
    "n.npz": lambda path, arrays: np.savez(path, **arrays),
    "n.safetensors": lambda path, arrays: save_file(arrays, path),
    "n.h5": as_h5,
}


@pytest.mark.parametrize("name", WRITERS)
def test_pairs_of_weight_and_mask_are_one_layer_in_every_format(tmp_path, name):
    WRITERS[name](tmp_path / name, PAIRS)
    found = read(tmp_path / name)
    assert (found.names, found.layout) == (("fc1.weight", "fc2.weight"), "out-in")
    assert edges(found) == [250, 500]
    assert "'fc1.weight' was read as its _orig times its _mask" in found.notes
    WRITERS[name](tmp_path / name, {n.replace("_orig", ""): a for n, a in PAIRS.items()})
    assert edges(read(tmp_path / name)) == [250, 500]


def test_a_mask_of_another_shape_is_refused(tmp_path):
    np.savez(tmp_path / "n.npz", w_orig=np.ones((3, 4)), w_mask=np.ones((4, 3)))
    with pytest.raises(UserError, match="'w_mask' has not the shape of 'w_orig'"):
        read(tmp_path / "n.npz")


@pytest.mark.parametrize("name", WRITERS)
def test_the_only_order_that_chains(tmp_path, name):
    WRITERS[name](tmp_path / name, dict(sorted(FC.items())))
    found = read(tmp_path / name)
    assert found.names == tuple(FC)
    assert edges(found) == IN_ORDER
    assert found.notes == ("arrays were put in the only order that chains",)


def test_the_stored_order_goes_before_that_of_names(tmp_path):
    square = {name: sparse(6, 6, seed=n) for n, name in enumerate(["z.weight", "a.weight"])}
    np.savez(tmp_path / "n.npz", **square)
    assert read(tmp_path / "n.npz").names == ("z.weight", "a.weight")
    save_file(square, tmp_path / "n.safetensors")  # which stores them sorted
    with pytest.raises(UserError, match=r"more than one order.*Give --arrays"):
        read(tmp_path / "n.safetensors")
    chosen = read(tmp_path / "n.safetensors", arrays=("z.weight", "a.*"))
    assert chosen.names == ("z.weight", "a.weight")
    numbered = {f"{n}.weight": sparse(6, 6, seed=n) for n in (10, 2)}
    save_file(numbered, tmp_path / "n.safetensors")
    assert read(tmp_path / "n.safetensors").names == ("2.weight", "10.weight")


def test_arrays_are_chosen_and_left_out(tmp_path):
    np.savez(tmp_path / "n.npz", **FC, other=np.ones((3, 3)))
    with pytest.raises(UserError, match="--skip PATTERN"):
        read(tmp_path / "n.npz", "out-in")
    assert edges(read(tmp_path / "n.npz", skip=("oth*",))) == IN_ORDER
    assert edges(read(tmp_path / "n.npz", arrays=("fc_in.weight", "fc_hid*"))) == IN_ORDER[:2]
    for choices, message in (
        ({"arrays": ("fc_x",)}, "unknown array 'fc_x'.*Known: fc_hidden.weight"),
        ({"arrays": ("fc*",)}, "unknown array"),
        ({"skip": ("conv*",)}, r"--skip: unknown array 'conv\*'"),
    ):
        with pytest.raises(UserError, match=message):
            read(tmp_path / "n.npz", **choices)


def test_kernels_of_convolutions_are_channels_when_asked(tmp_path):
    kernels = {"conv1.weight": sparse(8, 2, 3, 3), "conv2.weight": sparse(5, 8, 3, 3)}
    kernels["conv2.weight"][:, :4] = 0
    np.savez(tmp_path / "n.npz", **kernels)
    with pytest.raises(UserError, match=r"kernel of a convolution. Give --channels"):
        read(tmp_path / "n.npz")
    found = read(tmp_path / "n.npz", channels=True)
    assert node_counts(found.graph) == (2, 8, 5)
    right = [np.count_nonzero(one.any((2, 3))) for one in kernels.values()]
    assert edges(found) == right
    keras = {f"{n}/kernel": np.transpose(a, (2, 3, 1, 0)) for n, a in enumerate(kernels.values())}
    as_h5(tmp_path / "n.h5", {**keras, "dense/kernel": np.eye(45, 8)})
    with pytest.raises(UserError, match=r"'0/kernel' has shape.*--skip"):
        read(tmp_path / "n.h5")
    assert edges(read(tmp_path / "n.h5", channels=True, skip=("dense*",))) == right
    assert edges(read(tmp_path / "n.h5", skip=("[01]/*",))) == [8]


def test_three_axes_are_not_taken_for_networks(tmp_path):
    kernels = {"conv1.weight": sparse(8, 2, 3), "conv2.weight": sparse(5, 8, 3)}
    save_file(kernels, tmp_path / "n.safetensors")
    with pytest.raises(UserError, match=r"a convolution, or 8 networks. Give --channels"):
        read(tmp_path / "n.safetensors")
    found = read(tmp_path / "n.safetensors", channels=True)
    assert node_counts(found.graph) == (2, 8, 5)
    as_h5(tmp_path / "n.h5", {"conv/kernel:0": sparse(3, 1, 4)})
    with pytest.raises(UserError, match="--ensemble"):
        read(tmp_path / "n.h5")
    assert read(tmp_path / "n.h5", channels=False).graph.adjacency[0].shape == (3, 1, 4)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "bfloat16"])
def test_small_floats(tmp_path, dtype):
    arrays = {name: array.astype(getattr(ml_dtypes, dtype)) for name, array in FC.items()}
    save_file(arrays, tmp_path / "n.safetensors")
    right = [np.count_nonzero(array.astype(np.float32)) for array in arrays.values()]
    assert edges(read(tmp_path / "n.safetensors")) == right


def test_a_square_array_is_read_as_a_digraph_when_asked(tmp_path):
    wires = sparse(6, 6)
    np.fill_diagonal(wires, [0, 0, 1, 0, 0, 0])
    np.save(tmp_path / "n.npy", wires)
    with pytest.raises(UserError, match=r"in three ways.*nodes 6-6.*--digraph"):
        read(tmp_path / "n.npy")
    found = read(tmp_path / "n.npy", digraph=True)
    np.fill_diagonal(wires, 0)
    assert isinstance(found.graph[0], SparseDigraph)
    assert np.array_equal(found.graph[0].dense(), wires != 0)
    assert "1 self-loop left out" in found.notes
    assert "rows are sources, columns targets" in found.notes
    turned = read(tmp_path / "n.npy", "out-in", digraph=True)
    assert np.array_equal(turned.graph[0].dense(), wires.T != 0)
    assert read(tmp_path / "n.npy", "in-out").layout == "in-out"
    np.savez(tmp_path / "n.npz", wires, wires)
    with pytest.raises(UserError, match="a digraph is one square array, but here are"):
        read(tmp_path / "n.npz", digraph=True)


def test_a_keras_archive(tmp_path):
    as_h5(
        tmp_path / "model.weights.h5",
        {
            "layers/dense/vars/0": sparse(12, 8),
            "layers/dense/vars/1": np.ones(8),
            "layers/dense_1/vars/0": sparse(8, 6),
        },
    )
    with zipfile.ZipFile(tmp_path / "n.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({}))
        archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
    found = read(tmp_path / "n.keras")
    assert node_counts(found.graph) == (12, 8, 6)
    with zipfile.ZipFile(tmp_path / "n.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({}))
    with pytest.raises(UserError, match=r"holds no model.weights.h5"):
        read(tmp_path / "n.keras")


def test_archives_that_unpack_to_far_more_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "n.npz", w0=np.zeros((6000, 6000)), w1=np.ones((6000, 1)))
    with pytest.raises(UserError, match=r"array 'w0' cannot be read.*unpack to"):
        read(tmp_path / "n.npz")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.slow
def test_a_pytorch_file_is_opened_only_when_allowed(tmp_path, torch):
    state = {name: torch.tensor(array) for name, array in FC.items()}
    for held in (state, {"epoch": 3, "state_dict": state}):
        torch.save(held, tmp_path / "n.pt")
        with pytest.raises(UserError, match="--allow-pt"):
            read(tmp_path / "n.pt")
        assert edges(read(tmp_path / "n.pt", allow_pt=True)) == IN_ORDER
    torch.save({"w": Ran(tmp_path / "ran")}, tmp_path / "n.pt")
    with pytest.raises(UserError, match=r"cannot be read as .pt"):
        read(tmp_path / "n.pt", allow_pt=True)
    assert not (tmp_path / "ran").exists()
    torch.save([1], tmp_path / "n.pt")
    with pytest.raises(UserError, match="it holds no state dict, but list"):
        read(tmp_path / "n.pt", allow_pt=True)


@pytest.mark.slow
def test_a_pytorch_file_that_claims_more_than_it_stores(tmp_path, torch):
    torch.save({"w": torch.ones(1).expand(30_000, 30_000)}, tmp_path / "n.pt")
    with pytest.raises(UserError, match="'w' claims 3,600,000,000 bytes, which are not in the"):
        read(tmp_path / "n.pt", "in-out", allow_pt=True)
    with zipfile.ZipFile(tmp_path / "n.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", b"0" * 2**26)
    with pytest.raises(UserError, match="unpack to"):
        read(tmp_path / "n.pt", allow_pt=True)


class Ran:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("module", ["torch", "onnx"])
def test_an_old_or_missing_library_is_named(tmp_path, monkeypatch, module):
    (tmp_path / "n.pt").write_bytes(b"x")
    (tmp_path / "n.onnx").write_bytes(b"x")
    (tmp_path / "old").mkdir()
    fake = {"torch": "__version__ = '2.5.1'", "onnx": "raise ImportError"}[module]
    (tmp_path / "old" / f"{module}.py").write_text(fake)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "old"))
    name, message = {
        "torch": ("n.pt", "needs torch 2.6 or newer.*here is torch 2.5.1"),
        "onnx": ("n.onnx", "needs: pip install onnx"),
    }[module]
    with pytest.raises(UserError, match=message):
        read(tmp_path / name, allow_pt=True)


def test_weights_of_an_onnx_model(tmp_path):
    onnx = pytest.importorskip("onnx")
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w1"], ["h"]),
        onnx.helper.make_node("Gemm", ["h", "w0"], ["y"], transB=1),
    ]
    held = [
        onnx.numpy_helper.from_array(FC["fc_in.weight"].T.copy(), "w1"),
        onnx.numpy_helper.from_array(FC["fc_hidden.weight"], "w0"),
        onnx.numpy_helper.from_array(np.ones((2, 2)), "unused"),
    ]
    ends = [
        onnx.helper.make_tensor_value_info(name, 1, [1, n]) for name, n in (("x", 12), ("y", 6))
    ]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], held)
    onnx.save(onnx.helper.make_model(graph), tmp_path / "n.onnx")
    found = read(tmp_path / "n.onnx")
    assert (found.names, edges(found)) == (("w1", "w0"), IN_ORDER[:2])


def test_onnx_weights_in_another_file_are_not_read(tmp_path):
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    held = onnx.numpy_helper.from_array(np.ones((12, 8)), "w")
    onnx.external_data_helper.set_external_data(held, str(tmp_path / "secret"))
    held.ClearField("raw_data")
    ends = [onnx.helper.make_tensor_value_info(name, 1, [1, 8]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:], [held])
    (tmp_path / "n.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(UserError, match="'w' is stored in another file"):
        read(tmp_path / "n.onnx")


@pytest.mark.slow
def test_the_command_prints_the_arrays_in_the_order_taken(tmp_path):
    save_file(FC, tmp_path / "n.safetensors")
    command = [sys.executable, "-m", "harness.cli", "motifs", "n.safetensors", "--order", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "arrays fc_in.weight, fc_hidden.weight, fc_out.weight" in done.stdout.replace("\n", " ")
