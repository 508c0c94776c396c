"""Graphs from other people's files and objects: checked, without running their code.

Edge lists and matrices in text, GraphML, GML, Pajek, Matrix Market; weights in NumPy, SciPy,
safetensors, Keras, ONNX and, if allowed, PyTorch files. Other pickles are refused, with a command
that converts them.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import get_args

import numpy as np

from harness.errors import UserError, unknown

from . import _edges, _formats, _graphs, _layers, _matrices, _nodes, _processes, _tables, _weights
from ._choices import AS_THE_FILE_SAYS as AS_THE_FILE_SAYS
from ._choices import LARGEST as LARGEST
from ._choices import Choices as Choices
from ._choices import most_entries
from ._digraphs import listed_nodes
from ._formats import Layout as Layout
from ._formats import decoding
from ._names import printable as printable
from ._objects import from_igraph as from_igraph
from ._objects import from_networkx as from_networkx
from ._objects import from_scipy as from_scipy
from ._objects import from_state_dict as from_state_dict
from ._objects import to_igraph as to_igraph
from ._objects import to_networkx as to_networkx
from ._objects import to_scipy as to_scipy
from ._objects import to_state_dict as to_state_dict
from ._pickles import refuse_pickle
from ._wiring import Wiring as Wiring
from ._wiring import of_edges, of_matrix
from ._wiring import refuse_unvaried as refuse_unvaried

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


def read(
    path: Path | str,
    layout: str | None = None,
    threshold: float = 0.0,
    nodes: Path | str | None = None,
    choices: Choices = AS_THE_FILE_SAYS,
) -> Wiring:
    """Read the wiring of one network or of a batch of them. Code in the file is never run.

    Arrays of weights have two axes, (a, b), or three, (networks, a, b), the same in all. Their
    order is that of the model if the file says it, else the stored one, that of numbers in their
    names (w2 before w10), or the only one that chains. Arrays with fewer axes, such as biases, are
    left out and noted. An edge list is a digraph; with the column `layer` (the source's), or nodes
    in layers, a layered network. Where a file can be read in two ways, nothing is guessed.

    **Arguments:** `layout` of each array: "out-in" (PyTorch, Equinox) or "in-out" (Keras); None
    means that of the format, or of names that end in `.weight` or `kernel`. A weight w with
    |w| <= `threshold` is no edge. `nodes`, for an edge list, is a table of all its nodes: with
    the columns node and layer for a layered network, only node for a digraph. Edges then need no
    layer if each node is in only one layer. Without it, only nodes that have an edge exist.
    `choices` say the rest.

    **Errors:** UserError, naming file, array and remedy, for a file that is missing, empty,
    damaged, a pickle or of unknown kind, that can be read in two ways, and for arrays that are not
    real and finite, do not chain, hold no edge, differ in their batch axis or claim more
    entries than `LARGEST` or than the free memory holds.
    """
    path = Path(path)
    asked = _checked(layout, threshold)
    _refuse_unreadable(path, choices)
    suffix = _tables.suffix(path)
    if suffix in _tables.SUFFIXES:
        return _of_table(path, asked, threshold, nodes, choices)
    if nodes is not None:
        raise UserError(f"'{printable(path)}' is no edge list: give --nodes only for one.")
    if suffix in _GRAPHS:
        return of_edges(_graphs.read(path, suffix), threshold, choices)
    if suffix == ".mtx":
        return of_matrix(path, _matrices.market(path), asked, threshold, choices, graph=True)
    with ExitStack() as stack:
        reader = _READERS.get(suffix, _processes.torch)
        with decoding(path):
            contents = reader(path, stack, choices)
        sparse = _matrices.scipy_sparse(path, contents) if suffix == ".npz" else None
        if sparse is not None:
            return of_matrix(path, sparse, asked, threshold, choices, graph=False)
        read, weights = _weights.networks(path, contents, asked, threshold, most_entries(), choices)
        return Wiring(*read, undirected=choices.undirected, weights=weights)


def read_files(
    paths: Sequence[Path],
    layout: str | None = None,
    threshold: float = 0.0,
    nodes: Path | str | None = None,
    choices: Choices = AS_THE_FILE_SAYS,
    unread: list[str] | None = None,
) -> dict[str, Wiring]:
    """Return the networks of some files, by the files' names.

    **Arguments:** as in `read`. Errors of single files are added to `unread` if it is given, and
    the other files are read.

    **Errors:** those of `read`, and UserError for a file named twice.
    """
    refuse_unused(paths, choices)
    wirings: dict[str, Wiring] = {}
    for path in paths:
        name = str(path)
        if name in wirings:
            raise UserError(f"'{printable(name)}' is named twice. Name each file once.")
        try:
            wirings[name] = read(path, layout, threshold, nodes, choices)
        except UserError as error:
            if unread is None:
                raise
            unread.append(str(error))
    return wirings


def read_weights(
    path: Path, layout: str | None, threshold: float, choices: Choices
) -> tuple[Wiring, tuple[np.ndarray, ...]]:
    """Read one layered network from a file of arrays, as `read` does, and its weights.

    **Returns:** the wiring, with a batch axis of 1; the weights of each layer, input layer first,
    float32, (n_l, n_(l+1)), or none if `choices` read kernels as graphs of channels.

    **Errors:** UserError as `read`, and for other kinds of files and several networks in one.
    """
    if _tables.suffix(path) not in (*_READERS, *_TORCH):
        raise UserError(
            f"'{printable(path)}' holds no arrays of weights. Give {', '.join(_READERS)} or .pt."
        )
    asked = _checked(layout, threshold)
    _refuse_unreadable(path, choices)
    with ExitStack() as stack:
        with decoding(path):
            contents = _READERS.get(_tables.suffix(path), _processes.torch)(path, stack, choices)
        read, _ = _weights.networks(path, contents, asked, threshold, most_entries(), choices)
        found = Wiring(*read)
        assert not isinstance(found.graph, tuple), "only `choices.digraph` reads digraphs"
        if (number := len(found.graph.adjacency[0])) != 1:
            raise UserError(f"'{printable(path)}' holds {number} networks. Store one per file.")
        if choices.channels:
            return found, ()
        weights = _weights.values(path, contents, found.names, found.layout, choices)
        return found, tuple(one[0] for one in weights)


def refuse_unused(paths: Sequence[Path], choices: Choices) -> None:
    """Raise UserError for a choice that applies to none of some files."""
    suffixes = {_tables.suffix(path) for path in paths}
    arrays = bool(suffixes & {*_READERS, *_TORCH})
    tables = bool(suffixes & set(_tables.SUFFIXES))
    for option, given, kind, fits in (
        ("--columns", choices.columns, "edge lists", tables),
        ("--where", choices.where, "edge lists", tables),
        ("--arrays", choices.arrays, "arrays of weights", arrays),
        ("--skip", choices.skip, "arrays of weights", arrays),
        ("--channels/--ensemble", choices.channels is not None, "arrays of weights", arrays),
        ("--allow-pt", choices.allow_pt, "PyTorch files", bool(suffixes & set(_TORCH))),
    ):
        if given and not fits:
            raise UserError(f"{option} is for {kind}, which no file here is. Omit it.")


def _checked(layout: str | None, threshold: float) -> Layout | None:
    asked: Layout | None = next((known for known in get_args(Layout) if known == layout), None)
    if asked != layout:
        raise unknown("layout", str(layout), get_args(Layout))
    if not isfinite(threshold) or threshold < 0:
        raise UserError(f"threshold {threshold} is no finite number from 0 up. Give one.")
    return asked


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
            return of_matrix(path, matrix, asked, threshold, choices, graph=graph)
    lines = _edges.lines(table, choices)
    if lines.layer is not None or (listed is not None and listed.layered):
        if choices.undirected:
            raise UserError(f"{table.where} has layers: --undirected is for digraphs. Omit it.")
        layered, layers, names, notes = _layers.layered(lines, threshold, most_entries(), listed)
        wiring = Wiring(layered, tuple(f"layer {n}" for n in layers), None, notes, names)
        weights = None
        if choices.weights:
            weights = _layers.weights(lines, names, layers[0], layered, listed)
        return replace(wiring, weights=weights)
    edges = _edges.edges(lines)
    if listed is not None:
        edges = listed_nodes(edges, listed)
    else:
        note = "nodes are those that a line names: list all with --nodes"
        edges = edges._replace(notes=(*edges.notes, note))
    return of_edges(edges, threshold, choices)


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
            f"Known: {', '.join(_KNOWN)}. If it is an edge list, rename it to .txt."
        )
    if path.suffix.lower() == ".gz" and suffix in _READERS:
        raise UserError(f"'{printable(path)}' is packed. Unpack it with gunzip.")
    if path.stat().st_size == 0:
        raise UserError(f"'{printable(path)}' is empty. Write it again.")
