"""Graphs from other people's files: arrays or edge lists, checked, without running their code.

Formats: NumPy `.npz` and `.npy`, `.safetensors`, Keras `.h5`, edge lists in `.csv`. Pickles are
refused, with a command that converts them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import get_args

from harness.errors import UserError, unknown
from harness.sparse.graph import Digraph, LayeredGraph

from . import _edges, _formats, _graphs, _layers, _matrices, _nodes, _processes, _tables, _weights
from ._choices import AS_THE_FILE_SAYS as AS_THE_FILE_SAYS
from ._choices import LARGEST as LARGEST
from ._choices import Choices as Choices
from ._choices import Edges
from ._digraphs import digraph, listed_nodes
from ._formats import Layout as Layout
from ._formats import decoding
from ._names import printable as printable
from ._pickles import refuse_pickle

_GRAPHS = (".graphml", ".gml", ".net", ".paj")
_TORCH = (".pt", ".pth", ".bin", ".ckpt")
_READERS: dict[str, Callable[[Path, ExitStack, Choices], _formats.Contents]] = {
    ".npz": _formats.npz,
    ".npy": _formats.npy,
    ".safetensors": _formats.safetensors,
    ".h5": _processes.hdf5,
    ".hdf5": _processes.hdf5,
    ".keras": _processes.keras,
    ".onnx": _processes.onnx,
}
_KNOWN = (*_READERS, *_tables.SUFFIXES, *_GRAPHS, ".mtx")


@dataclass(frozen=True)
class Wiring:
    """The networks of a file.

    `graph` has one leading batch axis, the networks: `adjacency[l]` is boolean, (networks, n_l,
    n_(l+1)); an edge list without layers gives a digraph, (1, n, n). `names` are those of the
    arrays, input layer first; `layout` is the one in which they were read, None for an edge list;
    `notes` say what was left out or assumed. `nodes` are the names of the nodes by layer, of a
    digraph in one tuple, None if the file names none. `undirected` if edges were read both ways.
    """

    graph: LayeredGraph | Digraph
    names: tuple[str, ...]
    layout: Layout | None
    notes: tuple[str, ...]
    nodes: tuple[tuple[str, ...], ...] | None = None
    undirected: bool = False


def read(
    path: Path | str,
    layout: str | None = None,
    threshold: float = 0.0,
    nodes: Path | str | None = None,
    choices: Choices = AS_THE_FILE_SAYS,
) -> Wiring:
    """Read the wiring of one network or of a batch of them. Code in the file is never run.

    Arrays have two axes, (a, b), or three, (networks, a, b), the same in all. They are read in the
    natural order of their names (w2 before w10); Keras layers in the order of the model, if the
    file says it. Arrays with fewer axes, such as biases, are left out and noted. An edge list has
    the columns source and target. With the column `layer` (the source's) it is a layered network,
    else a general digraph; `weight` is optional.

    **Arguments:** `layout` of each array: "out-in" (PyTorch, Equinox) or "in-out" (Keras); None
    means out-in for safetensors whose names end in `.weight`, in-out for NumPy and Keras. A weight
    w with |w| <= `threshold` is no edge. `nodes`, for an edge list, is a CSV of all its nodes: with
    the columns node and layer for a layered network, only node for a digraph. Edges then need no
    layer if each node is in only one layer. Without it, only nodes that have an edge exist.

    **Errors:** UserError, naming file, array and remedy, for a file that is missing, empty,
    damaged, a pickle or of unknown kind, and for arrays that are not real and finite, do not chain,
    hold no edge, differ in their batch axis or claim more than `LARGEST` entries.
    """
    path = Path(path)
    asked = next((known for known in get_args(Layout) if known == layout), None)
    if asked != layout:
        raise unknown("layout", str(layout), get_args(Layout))
    if not isfinite(threshold) or threshold < 0:
        raise UserError(f"threshold {threshold} is no finite number from 0 up. Give one.")
    _refuse_unreadable(path, choices)
    suffix = _tables.suffix(path)
    if suffix in _tables.SUFFIXES:
        return _of_table(path, asked, threshold, nodes, choices)
    if nodes is not None:
        raise UserError(f"'{printable(path)}' is no edge list: give --nodes only for one.")
    if suffix in _GRAPHS:
        return _of_edges(_graphs.read(path, suffix), threshold, choices)
    if suffix == ".mtx":
        return _of_matrix(path, _matrices.market(path), asked, threshold, choices, graph=True)
    with ExitStack() as stack:
        reader = _READERS.get(suffix, _processes.torch)
        with decoding(path):
            contents = reader(path, stack, choices)
        sparse = _matrices.scipy_sparse(path, contents) if suffix == ".npz" else None
        if sparse is not None:
            return _of_matrix(path, sparse, asked, threshold, choices, graph=False)
        read = _weights.networks(path, contents, asked, threshold, LARGEST, choices)
        return Wiring(*read, undirected=choices.undirected)


def _of_edges(edges: Edges, threshold: float, choices: Choices) -> Wiring:
    edges = edges._replace(undirected=edges.undirected or choices.undirected)
    graph, notes = digraph(edges, threshold, LARGEST)
    return Wiring(graph, ("edges",), None, notes, (edges.names,), edges.undirected)


def _of_matrix(
    path: Path,
    matrix: _matrices.Sparse,
    asked: Layout | None,
    threshold: float,
    choices: Choices,
    *,
    graph: bool,
) -> Wiring:
    """Return the wiring of a matrix: if it is a `graph` and square, that of a digraph."""
    square = matrix.names[0] == matrix.names[1]
    if square and (choices.digraph or (graph and asked is None)) and asked != "out-in":
        return _of_edges(matrix.edges(), threshold, choices)
    contents = matrix.contents(path.stem, graph=not square and asked is None)
    read = _weights.networks(path, contents, asked, threshold, LARGEST, choices)
    names = matrix.names if read[2] != "out-in" else matrix.names[::-1]
    return Wiring(*read, names if read[2] else (matrix.names[0],), choices.undirected)


def _of_table(
    path: Path,
    asked: Layout | None,
    threshold: float,
    nodes: Path | str | None,
    choices: Choices,
) -> Wiring:
    table = _tables.read(path)
    listed = None if nodes is None else _nodes.read(Path(nodes))
    if not choices.columns and not choices.where and listed is None:
        matrix = _matrices.of_table(table, asked, choices.digraph)
        if matrix is not None:
            graph = not matrix.bare
            return _of_matrix(path, matrix, asked, threshold, choices, graph=graph)
    lines = _edges.lines(table, choices)
    if lines.layer is not None or (listed is not None and listed.layered):
        if choices.undirected:
            raise UserError(f"{table.where} has layers: --undirected is for digraphs. Omit it.")
        layered, layers, names, notes = _layers.layered(lines, threshold, LARGEST, listed)
        return Wiring(layered, tuple(f"layer {n}" for n in layers), None, notes, names)
    edges = _edges.edges(lines)
    if listed is not None:
        edges = listed_nodes(edges, listed)
    else:
        note = "nodes are those that a line names: list all with --nodes"
        edges = edges._replace(notes=(*edges.notes, note))
    return _of_edges(edges, threshold, choices)


def _refuse_unreadable(path: Path, choices: Choices) -> None:
    suffix = _tables.suffix(path)
    if path.is_dir():
        raise UserError(
            f"'{printable(path)}' is a folder, not a file of arrays. For a run, use harness report."
        )
    if not path.is_file():
        raise UserError(f"there is no file '{printable(path)}'. Check the path.")
    if choices.allow_pt and suffix in _TORCH:
        return
    refuse_pickle(path)
    if suffix not in _KNOWN:
        raise UserError(
            f"'{printable(path)}' is of unknown kind '{printable(suffix)}'. "
            f"Known: {', '.join(_KNOWN)}."
        )
    if path.stat().st_size == 0:
        raise UserError(f"'{printable(path)}' is empty. Write it again.")
