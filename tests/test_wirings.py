"""Anyone's networks: the same masks out of every format, an error with a remedy, never a crash."""

import json
import pickle
import random
import re
import shlex
import subprocess
import sys
import zipfile
from itertools import pairwise

import h5py
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from harness import LayeredGraph, UserError, motif_profiles, motifs, network_files
from harness.network_files import Choices, _formats, _processes
from harness.sparse.graph import edge_counts, node_counts

SIZES = (6, 7, 8, 5)


def weights(*, networks=None, sizes=SIZES, seed=0):
    """Sparse weights, in x out, as float32."""
    chance = np.random.default_rng(seed)
    batch = () if networks is None else (networks,)
    shapes = [(*batch, a, b) for a, b in pairwise(sizes)]
    return [(chance.normal(size=s) * (chance.random(s) < 0.4)).astype(np.float32) for s in shapes]


def turned(arrays):
    return [np.ascontiguousarray(array.swapaxes(-1, -2)) for array in arrays]


def as_npz(path, arrays):
    np.savez_compressed(path, **{f"w{2 + 4 * n}": a for n, a in enumerate(arrays)}, b1=np.ones(3))


def as_safetensors(path, arrays):
    save_file({f"net.{2 + 4 * n}.weight": a for n, a in enumerate(turned(arrays))}, path)


def as_keras(path, arrays):
    """A whole model, as Keras 2 keeps one: layers in an order that is not that of names."""
    layers = ["z_first", "hidden", "a_last"]
    with h5py.File(path, "w") as file:
        file.create_group("model_weights").attrs["layer_names"] = [n.encode() for n in layers]
        for layer, array in zip(layers, arrays, strict=True):
            group = file["model_weights"].create_group(f"{layer}/{layer}")
            group.create_dataset("kernel:0", data=array, compression="gzip")
            group.create_dataset("bias:0", data=np.ones(array.shape[-1]))
            file.create_dataset(f"optimizer_weights/m/{layer}/kernel:0", data=np.ones((2, 2)))


def as_keras_3(path, arrays):
    with h5py.File(path, "w") as file:
        for n, array in enumerate(arrays):
            layer = "layers/dense" + f"_{9 + n}" * (n > 0)
            file.create_dataset(f"{layer}/vars/0", data=array)
            file.create_dataset(f"{layer}/vars/1", data=np.ones(array.shape[-1]))
        file.create_dataset("optimizer/vars/0", data=np.ones((2, 2)))


def as_csv(path, arrays):
    lines = ["source,target,layer,weight"]
    for layer, array in enumerate(arrays):
        lines += [f"n{i},n{j},{layer},{w}" for (i, j), w in np.ndenumerate(array)]
    path.write_text("\n".join(lines))


FORMATS = {
    "n.npz": as_npz,
    "n.safetensors": as_safetensors,
    "n.h5": as_keras,
    "n.weights.h5": as_keras_3,
    "n.csv": as_csv,
}


def same_profile(wiring, arrays):
    masks = tuple(a != 0 if a.ndim == 3 else (a != 0)[None] for a in arrays)
    expected = motifs.profile(LayeredGraph(masks, every_node=wiring.graph.every_node))
    return motifs.profile(wiring.graph).equals(expected)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("networks", [None, 3])
def test_every_format_gives_the_profile_of_its_masks(tmp_path, name, networks):
    if name == "n.csv" and networks:
        pytest.skip("an edge list is one network")
    arrays = weights(networks=networks)
    FORMATS[name](tmp_path / name, arrays)
    keras = "h5" in name or name.endswith("keras")
    found = network_files.read(
        tmp_path / name, choices=Choices(channels=False if keras and networks else None)
    )
    assert same_profile(found, arrays)
    assert found.graph.adjacency[0].shape == (networks or 1, 6, 7)
    layout = {"n.safetensors": "out-in", "n.csv": None}.get(name, "in-out")
    assert found.layout == layout
    assert len(found.names) == 3


def test_arrays_are_taken_in_natural_order_and_others_noted(tmp_path):
    as_npz(tmp_path / "n.npz", weights())
    found = network_files.read(tmp_path / "n.npz")
    assert found.names == ("w2", "w6", "w10")
    assert found.notes == ("left out, fewer than two axes: 'b1'",)


def test_a_single_array(tmp_path):
    (array,) = weights(sizes=(6, 7))
    np.save(tmp_path / "n.npy", array)
    with pytest.raises(UserError, match=r"in-out, nodes 6-7 \('n'\), or out-in, nodes 7-6"):
        network_files.read(tmp_path / "n.npy")
    assert same_profile(network_files.read(tmp_path / "n.npy", "in-out"), [array])
    assert same_profile(network_files.read(tmp_path / "n.npy", "out-in"), [array.T])


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint8, np.int64, np.float16, float, ">f4", np.longdouble]
)
def test_kinds_of_numbers(tmp_path, dtype):
    arrays = [np.where(a != 0, 1, 0).astype(dtype) for a in weights()]
    as_npz(tmp_path / "n.npz", arrays)
    assert same_profile(network_files.read(tmp_path / "n.npz"), arrays)


def test_bfloat16_as_pytorch_saves_it(tmp_path):
    arrays = [a.astype(ml_dtypes.bfloat16) for a in weights()]
    as_safetensors(tmp_path / "n.safetensors", arrays)
    assert same_profile(network_files.read(tmp_path / "n.safetensors"), arrays)


def test_threshold_counts_the_magnitude(tmp_path):
    arrays = [a.astype(np.int8) for a in (np.array([[-128, 2, 3]]), np.array([[-3], [4], [0]]))]
    as_npz(tmp_path / "n.npz", arrays)
    found = network_files.read(tmp_path / "n.npz", "in-out", threshold=3.0).graph.adjacency
    assert found[0].tolist() == [[[True, False, False]]]
    assert found[1].tolist() == [[[False], [True], [False]]]


def test_layout_told(tmp_path):
    save_file({f"w{n}": a for n, a in enumerate(weights())}, tmp_path / "n.safetensors")
    with pytest.raises(UserError, match=r"'w0' does not end in '.weight'.*--layout out-in"):
        network_files.read(tmp_path / "n.safetensors")
    assert same_profile(network_files.read(tmp_path / "n.safetensors", "in-out"), weights())
    as_npz(tmp_path / "n.npz", turned(weights()))
    with pytest.raises(UserError, match=r"chain only as out-in, not as in-out. Give --layout out"):
        network_files.read(tmp_path / "n.npz")
    assert same_profile(network_files.read(tmp_path / "n.npz", "out-in"), weights())
    with pytest.raises(UserError, match=r"unknown layout 'inout'. Did you mean 'in-out'"):
        network_files.read(tmp_path / "n.npz", "inout")


def test_weights_under_a_mask_of_pytorch(tmp_path):
    arrays = weights()
    tensors = {}
    for n, array in enumerate(turned(arrays)):
        tensors[f"{n}.weight_orig"] = np.where(array == 0, 5, array)
        tensors[f"{n}.weight_mask"] = (array != 0).astype(np.float32)
    save_file(tensors, tmp_path / "n.safetensors")
    found = network_files.read(tmp_path / "n.safetensors")
    assert same_profile(found, arrays)
    assert "'0.weight' was read as its _orig times its _mask" in found.notes


def test_nodes_of_an_edge_list(tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("\ufeffTarget, Source,layer,by\n3,a,1,x\n3,b,1,y\n\nx,3,2,z\n")
    found = network_files.read(path)
    assert node_counts(found.graph) == (2, 1, 1)
    assert edge_counts(found.graph).tolist() == [[2, 1]]
    assert found.notes[0] == "left out, unknown columns: 'by'"
    assert "list all with --nodes" in found.notes[1]
    assert not found.graph.every_node


W = np.ones((3, 4))
NPZ = {
    "missing axes": ({"b": np.ones(3)}, "holds no array with two axes, but only 'b'"),
    "nothing": ({}, "holds no array with two axes, but no arrays"),
    "nan": ({"w1": W, "w2": np.full((4, 2), np.nan)}, "array 'w2': 8 of 8 weights are NaN"),
    "infinite": (
        {"w1": W * np.inf, "w2": np.ones((4, 2))},
        "array 'w1': 12 of 12 weights are NaN or inf",
    ),
    "complex": ({"w": W * 1j}, "array 'w' holds complex numbers (complex128)"),
    "text": ({"w": W.astype(str)}, "array 'w' holds no numbers, but <U"),
    "dates": ({"w": W.astype("M8[s]")}, "array 'w' holds no numbers, but datetime64"),
    "records": ({"w": np.zeros((2, 2), "i4,f4")}, "array 'w' holds no numbers, but [('f0'"),
    "chain": ({"w1": W, "w2": np.ones((5, 5))}, "'w1' (3, 4) leads to 4 nodes but the next, 'w2'"),
    "order": (
        {"a": np.ones((4, 2)), "c": W, "b": np.ones((2, 7))},
        "They chain as in-out in the order 'c', 'a', 'b', and as out-in in the reverse order",
    ),
    "either order": ({"w2": np.eye(3), "w1": np.eye(3)}, "as 'w2', 'w1' and as 'w1', 'w2'"),
    "either layout": ({"a": np.eye(3), "b": np.eye(3)}, "in-out, nodes 3-3-3 ('a', 'b'), or out"),
    "one layer": ({"a": np.eye(3)}, "adjacency matrix of a digraph of 3 nodes, give --digraph"),
    "empty": ({"w1": W, "w2": np.ones((4, 0))}, "array 'w2' is empty: its shape is (4, 0)"),
    "no networks": ({"w": np.ones((0, 4, 2))}, "array 'w' is empty"),
    "no edge": ({"w1": W, "w2": np.zeros((4, 2))}, "array 'w2' has no edge"),
    "convolution": (
        {"w": np.ones((3, 3, 4, 2))},
        "'w' has shape (3, 3, 4, 2): the kernel of a convolution. Give --channels",
    ),
    "batches": ({"w1": np.ones((2, 3, 4)), "w2": np.ones((4, 2))}, "array 'w2' has shape (4, 2)"),
    "networks": ({"w1": np.ones((2, 3, 4)), "w2": np.ones((3, 4, 2))}, "array 'w2' has shape (3,"),
}


@pytest.mark.parametrize("fault", NPZ)
def test_arrays_that_are_refused(tmp_path, fault):
    arrays, told = NPZ[fault]
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(UserError) as error:
        network_files.read(tmp_path / "n.npz")
    assert told in str(error.value)
    assert str(tmp_path / "n.npz") in str(error.value)


CSV = {
    "header": ("x,y\na,b\nb,c", "can be a header, of unknown names, or an edge"),
    "unknown": ("x,y,z\na,b,1\nb,c,2", "It must name the columns source,target"),
    "twice named": ("source,target,layer,layer\na,b,0,0", "once each"),
    "no edges": ("source,target,layer\n", "no edges below its first line"),
    "nothing": ("\n\n", "has no rows, only blank lines"),
    "no layer": ("source,target,layer\na,b,0\na,c,x", "line 3: layer 'x' is not a whole number"),
    "gap": ("source,target,layer\na,b,0\nb,c,2", "no edge has layer 1, between 0 and 2"),
    "chain": ("source,target,layer\na,b,0\nc,d,1", "no target of layer 0 is a source of layer 1"),
    "short": ("source,target,layer\na,b", "line 2 has 1 columns fewer"),
    "long": ("source,target,layer\na,b,0,0", "line 2 has 1 columns more"),
    "nameless": ("source,target,layer\na,,0", "line 2 names no target"),
    "nan": ("source,target,layer,weight\na,b,0,nan", "line 2: weight 'nan' is no finite"),
    "word": ("source,target,layer,weight\na,b,0,x", "line 2: weight 'x' is no finite"),
    "bare": ("source,target,layer,weight\na,b,0,0", "layer 0 has no edge"),
    "open quote": ('source,target,layer\n"a,b,0', "cannot be read as .csv"),
}


@pytest.mark.parametrize("fault", CSV)
def test_edge_lists_that_are_refused(tmp_path, fault):
    text, told = CSV[fault]
    (tmp_path / "n.csv").write_text(text)
    with pytest.raises(UserError) as error:
        network_files.read(tmp_path / "n.csv")
    assert told in str(error.value)
    assert str(tmp_path / "n.csv") in str(error.value)


@pytest.mark.parametrize("threshold", [-1.0, float("nan"), float("inf")])
def test_thresholds_that_are_refused(tmp_path, threshold):
    as_npz(tmp_path / "n.npz", weights())
    with pytest.raises(UserError, match="is no finite number from 0 up"):
        network_files.read(tmp_path / "n.npz", threshold=threshold)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("n.xlsx", "is of unknown kind '.xlsx'. Known: .npz, .npy, .safetensors, .h5"),
        ("n.pt", "torch.load("),
        ("n.pth", "weights_only=True"),
        ("n.ckpt", '["state_dict"]'),
        ("n.pkl", "if you trust its source"),
        ("n.joblib", "joblib.load("),
        ("folder", "is a folder"),
        ("none.npz", "there is no file"),
        *((f"empty{suffix}", "is empty") for suffix in (".npz", ".safetensors", ".h5", ".csv")),
    ],
)
def test_files_that_are_refused(tmp_path, name, told):
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    if name not in ("folder", "none.npz"):
        path.write_bytes(b"" if name.startswith("empty") else b"something")
    with pytest.raises(UserError) as error:
        network_files.read(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def converted(error, folder):
    """Carry out the line that an error advises."""
    words = shlex.split(str(error.value).split(" with: ", 1)[1])
    assert words[:2] == ["python", "-c"]
    subprocess.run([sys.executable, *words[1:]], cwd=folder, check=True)


@pytest.mark.parametrize("named", [True, False])
def test_pickles_are_not_opened_and_the_line_converts_them(tmp_path, named):
    arrays = weights()
    path = tmp_path / 'it\'s "$mine".pkl'
    path.write_bytes(pickle.dumps([Bomb(tmp_path / "ran")]))
    with pytest.raises(UserError):
        network_files.read(path)
    assert not (tmp_path / "ran").exists()
    path.write_bytes(pickle.dumps(dict(enumerate_names(arrays)) if named else arrays))
    with pytest.raises(UserError, match="is a pickle") as error:
        network_files.read(path)
    converted(error, tmp_path)
    assert same_profile(network_files.read(path.with_suffix(".npz")), arrays)


def enumerate_names(arrays):
    return [(f"w{n}", array) for n, array in enumerate(arrays)]


def ragged(arrays):
    found = np.empty(len(arrays), object)
    found[:] = arrays
    return found


def object_files(folder, arrays):
    np.save(folder / "a.npy", ragged(arrays))
    np.save(folder / "b.npy", np.array(dict(enumerate_names(arrays))))
    np.savez(folder / "c.npz", net=ragged(arrays))
    np.savez(folder / "d.npz", **{n: a.astype(object) for n, a in enumerate_names(arrays)})


@pytest.mark.parametrize("name", ["a.npy", "b.npy", "c.npz", "d.npz"])
def test_arrays_of_objects_are_not_opened_and_the_line_converts_them(tmp_path, name):
    arrays = weights()
    object_files(tmp_path, arrays)
    with pytest.raises(UserError, match="holds Python objects, a pickle") as error:
        network_files.read(tmp_path / name)
    converted(error, tmp_path)
    new = tmp_path / f"{name[0]}-arrays.npz"
    assert same_profile(network_files.read(new), arrays)


def test_an_archive_of_pytorch_under_another_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "n.npz", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(1))
    with pytest.raises(UserError, match="is a PyTorch archive, a pickle"):
        network_files.read(tmp_path / "n.npz")


def npy_header(shape, dtype="<f4"):
    told = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + len(told).to_bytes(2, "little") + told


def test_claims_are_checked_before_anything_is_made(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "n.npz", "w") as archive:
        archive.writestr("w.npy", npy_header((2**20, 2**20)))
    with pytest.raises(UserError, match=r"array 'w' cannot be read.*its header says"):
        network_files.read(tmp_path / "n.npz")
    with h5py.File(tmp_path / "n.h5", "w") as file:
        file.create_dataset("kernel", (2**16, 2**16), "f4", chunks=(64, 64))
    with pytest.raises(UserError, match="claims 17,179,869,184 bytes, which are not in the file"):
        network_files.read(tmp_path / "n.h5")
    monkeypatch.setattr(network_files._choices, "LARGEST", 50)
    monkeypatch.setattr(_formats.np.lib.format, "read_array", None)  # not even called
    as_npz(tmp_path / "n.npz", weights())
    with pytest.raises(UserError, match=r"claims 138 entries.*'w6', \(7, 8\)"):
        network_files.read(tmp_path / "n.npz")
    as_csv(tmp_path / "n.csv", weights())
    with pytest.raises(UserError, match="over 50 pairs"):
        network_files.read(tmp_path / "n.csv")


def test_other_files_are_not_followed(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("kernel", data=W)
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["kernel"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")
    with pytest.raises(UserError, match="holds no array with two axes"):
        network_files.read(tmp_path / "link.h5")
    with h5py.File(tmp_path / "external.h5", "w") as file:
        where = [(str(tmp_path / "other.h5"), 0, 96)]
        file.create_dataset("kernel", (3, 4), "f8", external=where)
    with pytest.raises(UserError, match="'kernel' is stored in another file"):
        network_files.read(tmp_path / "external.h5")


def test_without_h5py_the_line_that_installs_it(tmp_path, monkeypatch):
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "h5py.py").write_text("raise ImportError('h5py')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "without"))
    as_keras(tmp_path / "n.h5", weights())
    with pytest.raises(UserError, match=r"needs h5py: pip install 'h5py>=3.11'"):
        network_files.read(tmp_path / "n.h5")


def test_hdf5_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(_processes, "SECONDS", 0.0)
    as_keras(tmp_path / "n.h5", weights())
    with pytest.raises(UserError, match="reading did not finish within 0 s"):
        network_files.read(tmp_path / "n.h5")


def test_names_cannot_write_to_the_terminal(tmp_path):
    np.savez(tmp_path / "n.npz", **{"\x1b[31mred\u202e": W * 1j, "x" * 500: W})
    with pytest.raises(UserError) as error:
        network_files.read(tmp_path / "n.npz")
    assert str(error.value).isprintable()
    assert "'\\x1b[31mred\\u202e'" in str(error.value)


def damaged(content, chance):
    content = bytearray(content)
    way = chance.choice(("cut", "flip", "flip", "flip", "noise", "insert", "repeat"))
    place = chance.randrange(len(content))
    if way == "cut":
        return content[:place]
    if way == "flip":
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif way == "noise":
        content[place : place + 20] = chance.randbytes(20)
    elif way == "insert":
        content[place:place] = chance.randbytes(chance.randint(1, 9))
    else:
        content[place:place] = content[place : place + 200]
    return content


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("n.npz", 200),
        ("n.npy", 200),
        ("n.safetensors", 200),
        ("n.csv", 200),
        ("digraph.csv", 40),
        ("n.h5", 25),
        ("n.weights.h5", 10),
    ],
)
def test_damaged_files_give_an_error_or_a_result(tmp_path, monkeypatch, name, cases):
    monkeypatch.setattr(_processes, "SECONDS", 5.0)
    path = tmp_path / name
    if name == "n.npy":
        np.save(path, weights(networks=2)[0])
    elif name == "digraph.csv":
        path.write_text(
            "source,target,weight\n" + "".join(f"{n},{n * n % 11},2\n" for n in range(11))
        )
    else:
        FORMATS[name](path, [np.rint(2 * array) for array in weights()])
    good = path.read_bytes()
    chance = random.Random(name)
    errors = []
    for _ in range(cases):
        path.write_bytes(damaged(good, chance))
        error = outcome(path)
        if error is not None:
            assert str(path) in error
            assert error.isprintable()
            assert not re.search("(Name|Attribute|TypeCheck|UnboundLocal)Error", error)
            errors.append(error)
    assert len(set(errors)) >= 5


def outcome(path):
    """The error over a file, None where there is a result."""
    try:
        found = motif_profiles.of_files([path], layout="in-out" if path.suffix == ".npy" else None)
    except UserError as error:
        return str(error)
    assert json.loads(motif_profiles.as_json(found.table))
    return None


def test_what_fits_into_memory_bounds_what_a_file_may_claim(tmp_path, monkeypatch):
    monkeypatch.setattr(network_files._choices, "available", lambda: 16 * 100)
    as_npz(tmp_path / "n.npz", weights())
    with pytest.raises(UserError, match="claims 138 entries"):
        network_files.read(tmp_path / "n.npz")
    with h5py.File(tmp_path / "n.h5", "w") as file:
        file.create_dataset("kernel", data=np.ones((11, 10)))
    with pytest.raises(UserError, match="claims 110 entries"):
        network_files.read(tmp_path / "n.h5")


def test_an_archive_of_many_members_is_read_in_linear_time(tmp_path):
    with zipfile.ZipFile(tmp_path / "n.npz", "w") as archive:
        for number in range(20_000):
            archive.writestr(f"note-{number}.txt", "")
    with pytest.raises(UserError, match="holds no array with two axes"):
        network_files.read(tmp_path / "n.npz")
