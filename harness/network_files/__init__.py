"""Graphs from other people's files: arrays or edge lists, checked, without running their code.

Formats: NumPy `.npz` and `.npy`, `.safetensors`, Keras `.h5`, edge lists in `.csv`. Pickles are
refused, with a command that converts them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import get_args

import numpy as np

from harness.errors import UserError, unknown
from harness.sparse.graph import Digraph, LayeredGraph

from . import _edges, _formats, _layers, _nodes, _tables
from ._choices import AS_THE_FILE_SAYS as AS_THE_FILE_SAYS
from ._choices import LARGEST as LARGEST
from ._choices import Choices as Choices
from ._digraphs import digraph, listed_nodes
from ._formats import Stored, decoding
from ._layouts import Layout as Layout
from ._layouts import in_right_layout
from ._names import natural, quoted
from ._names import printable as printable
from ._pickles import refuse_pickle

_READERS: dict[str, tuple[Callable[[Path, ExitStack], _formats.Contents], Layout | None]] = {
    ".npz": (_formats.npz, "in-out"),
    ".npy": (_formats.npy, "in-out"),
    ".safetensors": (_formats.safetensors, None),
    ".h5": (_formats.keras, "in-out"),
    ".hdf5": (_formats.keras, "in-out"),
}


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
    _refuse_unreadable(path)
    suffix = _tables.suffix(path)
    if suffix in _tables.SUFFIXES:
        return _of_table(path, threshold, nodes, choices)
    if nodes is not None:
        raise UserError(f"'{printable(path)}' is no edge list: give --nodes only for one.")
    with ExitStack() as stack:
        reader, usual = _READERS[suffix]
        with decoding(path):
            contents = reader(path, stack)
        return _from_arrays(path, contents, asked, usual, threshold)


def _of_table(path: Path, threshold: float, nodes: Path | str | None, choices: Choices) -> Wiring:
    table = _tables.read(path)
    listed = None if nodes is None else _nodes.read(Path(nodes))
    lines = _edges.lines(table, choices)
    if lines.layer is not None or (listed is not None and listed.layered):
        if choices.undirected:
            raise UserError(f"{table.where} has layers: --undirected is for digraphs. Omit it.")
        layered, layers, names, notes = _layers.layered(lines, threshold, LARGEST, listed)
        return Wiring(layered, tuple(f"layer {n}" for n in layers), None, notes, names)
    edges = _edges.edges(lines, undirected=choices.undirected)
    if listed is not None:
        edges = listed_nodes(edges, listed)
    graph, notes = digraph(edges, threshold, LARGEST)
    if listed is None:
        notes += ("nodes are those that a line names: list all with --nodes",)
    return Wiring(graph, ("edges",), None, notes, (edges.names,), choices.undirected)


def _refuse_unreadable(path: Path) -> None:
    suffix = _tables.suffix(path)
    if path.is_dir():
        raise UserError(
            f"'{printable(path)}' is a folder, not a file of arrays. For a run, use harness report."
        )
    if not path.is_file():
        raise UserError(f"there is no file '{printable(path)}'. Check the path.")
    refuse_pickle(path)
    if suffix not in (*_READERS, *_tables.SUFFIXES):
        raise UserError(
            f"'{printable(path)}' is of unknown kind '{printable(suffix)}'. "
            f"Known: {', '.join([*_READERS, *_tables.SUFFIXES])}."
        )
    if path.stat().st_size == 0:
        raise UserError(f"'{printable(path)}' is empty. Write it again.")


def _from_arrays(
    path: Path,
    contents: _formats.Contents,
    asked: Layout | None,
    usual: Layout | None,
    threshold: float,
) -> Wiring:
    stored, notes = list(contents.arrays), list(contents.notes)
    ordered = stored if contents.ordered else sorted(stored, key=lambda one: natural(one.name))
    layers = [one for one in ordered if len(one.shape) >= 2]
    ignored = [one.name for one in ordered if len(one.shape) < 2]
    if not layers:
        has = f"only {', '.join(map(quoted, ignored))}" if ignored else "no arrays"
        raise UserError(
            f"'{printable(path)}' holds no array with two axes, but {has}. Store for each layer a "
            "matrix, or an array (networks, a, b)."
        )
    if ignored:
        notes.append(f"left out, fewer than two axes: {', '.join(map(quoted, ignored))}")
    _refuse_shapes(path, layers)
    layout, chosen = in_right_layout(path, layers, asked, usual)
    notes += chosen
    adjacency = []
    for one in layers:
        wires = _edges_of(path, one, threshold)
        wires = wires if wires.ndim == 3 else wires[None]
        adjacency.append(wires.swapaxes(1, 2) if layout == "out-in" else wires)
        bare = np.count_nonzero(~wires.any((1, 2)))
        if bare == len(wires):
            raise UserError(
                f"'{printable(path)}', array {quoted(one.name)} has no edge: every |weight| is at "
                f"most {threshold:g}. Leave the array out, or give a lower --threshold."
            )
        if bare:
            notes.append(f"{quoted(one.name)} has no edge in {bare} of {len(wires)} networks")
    names = tuple(one.name for one in layers)
    return Wiring(LayeredGraph(tuple(adjacency)), names, layout, tuple(notes))


def _refuse_shapes(path: Path, layers: list[Stored]) -> None:
    """Raise UserError for wrong shapes and kinds of arrays, before anything is allocated."""
    first = layers[0]
    for one in layers:
        where = f"'{printable(path)}', array {quoted(one.name)}"
        if one.problem:
            raise UserError(f"{where} {one.problem}")
        if len(one.shape) > 3:
            raise UserError(
                f"{where} has shape {one.shape}: only matrices, (a, b) or (networks, a, b), can be "
                "read, no convolutions. Leave it out."
            )
        if 0 in one.shape:
            raise UserError(f"{where} is empty: its shape is {one.shape}. Leave it out.")
        if one.shape[:-2] != first.shape[:-2]:
            raise UserError(
                f"{where} has shape {one.shape}, but {quoted(first.name)} {first.shape}. Give all "
                "arrays a leading axis of the same number of networks, or none."
            )
    claimed = sum(prod(one.shape) for one in layers)
    if claimed > LARGEST:
        largest = max(layers, key=lambda one: prod(one.shape))
        raise UserError(
            f"'{printable(path)}' claims {claimed:,} entries, more than {LARGEST:,}; array "
            f"{quoted(largest.name)}, {largest.shape}, has most. Store fewer networks per file."
        )


def _edges_of(path: Path, stored: Stored, threshold: float) -> np.ndarray:
    """Return which weights of an array are edges: boolean, in its shape."""
    with decoding(path, stored.name):
        weights = stored.load()
    if weights.dtype.kind not in "biuf" or weights.dtype.itemsize == 2:
        # NumPy knows no bfloat16, and a threshold might overflow a float16.
        weights = weights.astype(np.float32)
    wrong = np.count_nonzero(~np.isfinite(weights))
    if wrong:
        raise UserError(
            f"'{printable(path)}', array {quoted(stored.name)}: {wrong} of {weights.size} weights "
            "are NaN or infinite. Leave that network out, or set weights that are no edges to 0."
        )
    with np.errstate(over="ignore"):
        return np.asarray((weights > threshold) | (weights < -threshold))
