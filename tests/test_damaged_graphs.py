"""Damaged files of every kind that is read without a process of its own: an error or a result."""

import gzip
import random
import re
import resource

import networkx as nx
import numpy as np
import pytest
from scipy import io as scipy_io
from scipy import sparse

from harness import UserError, network_files

CHANCE = np.random.default_rng(0)
WIRES = CHANCE.integers(1, 5, (9, 9)) * (CHANCE.random((9, 9)) < 0.3)
NETWORK = nx.relabel_nodes(nx.from_numpy_array(WIRES, create_using=nx.DiGraph), "n{}".format)
EDGES = "".join(f"{n}\t{n * n % 11}\t2\n" for n in range(11))
HEAD = "\t".join(["", *NETWORK])
LABELLED = "\n".join(
    [HEAD, *("\t".join([n, *map(str, row)]) for n, row in zip(NETWORK, WIRES, strict=True))]
)


WRITERS = {
    "n.tsv": lambda path: path.write_text("# c\npre\tpost\tn\n" + EDGES),
    "n.edgelist": lambda path: nx.write_edgelist(NETWORK, path),
    "n.dat": lambda path: path.write_text(EDGES.replace("\t", " ")),
    "labelled.tsv": lambda path: path.write_text(LABELLED),
    "bare.txt": lambda path: np.savetxt(path, WIRES, fmt="%d"),
    "n.csv.gz": lambda path: path.write_bytes(gzip.compress(EDGES.encode())),
    "n.mtx": lambda path: scipy_io.mmwrite(path, sparse.coo_array(WIRES)),
    "array.mtx": lambda path: scipy_io.mmwrite(path, WIRES),
    "n.graphml": lambda path: nx.write_graphml(NETWORK, path),
    "n.gml": lambda path: nx.write_gml(NETWORK, path),
    "n.net": lambda path: nx.write_pajek(NETWORK, path),
    "sparse.npz": lambda path: sparse.save_npz(path, sparse.csr_array(WIRES[:, :8])),
}
CASES = 500


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_give_an_error_or_a_result(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    layout = "in-out" if name == "bare.txt" else None
    network_files.read(path, layout)
    good, chance, errors = path.read_bytes(), random.Random(name), []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(CASES):
        path.write_bytes(damaged(good, chance))
        error = outcome(path, layout)
        if error is not None:
            assert str(path) in error
            assert error.isprintable()
            assert not re.search("(Name|Attribute|TypeCheck|UnboundLocal|Key)Error", error)
            errors.append(error)
    assert len(set(errors)) >= 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kB"


def outcome(path, layout):
    """The error over a file, None where there is a result."""
    try:
        network_files.read(path, layout)
    except UserError as error:
        return str(error)
    return None


def damaged(content, chance):
    content = bytearray(content)
    place = chance.randrange(len(content))
    way = chance.choice(("cut", "flip", "flip", "noise", "insert", "repeat", "digits"))
    if way == "cut":
        return content[:place]
    if way == "flip":
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif way == "noise":
        content[place : place + 20] = chance.randbytes(20)
    elif way == "insert":
        content[place:place] = chance.randbytes(chance.randint(1, 9))
    elif way == "digits":  # a declared size grows
        content[place:place] = b"9" * chance.randint(1, 12)
    else:
        content[place:place] = content[place : place + 200]
    return content


def test_nothing_outside_of_the_file_is_opened(tmp_path):
    """An ONNX model and an HDF5 file that name other files are in their own tests."""
    (tmp_path / "secret").write_text("b")
    system = f'<!DOCTYPE g [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
    node = '<node id="a"/><node id="&e;"/><edge source="a" target="b"/>'
    for head in (system, f'<!DOCTYPE g SYSTEM "{tmp_path}/secret">'):
        text = f"{head}<graphml><graph>{node}</graph></graphml>"
        (tmp_path / "n.graphml").write_bytes(text.encode("utf-16"))
        with pytest.raises(UserError, match="a DOCTYPE"):
            network_files.read(tmp_path / "n.graphml")
