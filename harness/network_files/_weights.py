"""Networks from the arrays of a file: which arrays, which axes, which weights are edges."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Union

import numpy as np

from harness.errors import UserError, unknown
from harness.sparse.edges import Digraphs

from ._choices import Choices
from ._digraphs import of_ends
from ._formats import Contents, Layout, Stored, decoding
from ._layouts import arranged, layout_by_names
from ._names import listed, printable, quoted

if TYPE_CHECKING:
    from harness.sparse.graph import LayeredGraph

_Read = tuple[
    tuple[Union["LayeredGraph", Digraphs], tuple[str, ...], Layout | None, tuple[str, ...]],
    tuple[np.ndarray, ...] | None,
]


def networks(
    path: Path,
    contents: Contents,
    asked: Layout | None,
    threshold: float,
    largest: int,
    choices: Choices,
) -> _Read:
    """Return what a `Wiring` begins with: graph, names of the arrays taken, layout, notes.

    And its weights, None if they were not asked for; graphs of channels have none.

    **Errors:** UserError, naming file, array and remedy, for arrays that are not real and finite,
    do not chain, hold no edge, differ in their batch axis or claim more than `largest` entries.
    """
    from harness.sparse.graph import LayeredGraph  # imports JAX: errors need not wait for it

    where = f"'{printable(path)}'"
    contents, notes = _selected(where, contents, choices)
    layers = [one for one in contents.arrays if len(one.shape) >= 2 and not _is_bias(one)]
    ignored = [one.name for one in contents.arrays if one not in layers]
    if not layers:
        has = f"only {listed(ignored)}" if ignored else "no arrays"
        raise UserError(
            f"{where} holds no array with two axes, but {has}. Store for each layer a "
            "matrix, or an array (networks, a, b)."
        )
    if ignored:
        notes.append(f"left out, fewer than two axes: {listed(ignored)}")
    _refuse_kinds(where, layers, largest)
    if choices.digraph:
        return _digraph(path, layers, asked, threshold, choices, notes)
    named = contents.layout or layout_by_names(layers)
    layout = asked or named
    layers, kernel_notes = _as_matrices(where, layers, layout, named, choices)
    notes += kernel_notes
    _refuse_batches(where, layers)
    layers, used, order_notes = arranged(where, layers, layout, contents)
    notes += order_notes
    adjacency, weights = [], []
    for one in layers:
        own, wires = _edges_of(path, one, threshold)
        wires = wires if wires.ndim == 3 else wires[None]
        adjacency.append(wires.swapaxes(1, 2) if used == "out-in" else wires)
        if choices.weights and not choices.channels:
            own = own.astype(np.float32).reshape(wires.shape)
            own = own.swapaxes(1, 2) if used == "out-in" else own
            weights.append(np.where(adjacency[-1], own, 0))
        bare = np.count_nonzero(~wires.any((1, 2)))
        if bare == len(wires):
            raise UserError(
                f"{where}, array {quoted(one.name)} has no edge: every |weight| is at "
                f"most {threshold:g}. Leave the array out, or give a lower --threshold."
            )
        if bare:
            notes.append(f"{quoted(one.name)} has no edge in {bare} of {len(wires)} networks")
    names = tuple(one.name for one in layers)
    return (LayeredGraph(tuple(adjacency)), names, used, tuple(notes)), tuple(weights) or None


def values(
    path: Path, contents: Contents, names: Sequence[str], layout: Layout | None, choices: Choices
) -> tuple[np.ndarray, ...]:
    """Return the weights that `networks` took, in its order and axes: float32, (networks, a, b)."""
    selected, _ = _selected(f"'{printable(path)}'", contents, choices)
    arrays = {one.name: one for one in selected.arrays}
    loaded = (_numbers(arrays[name].load()).astype(np.float32) for name in names)
    batches = (one.reshape(-1, *one.shape[-2:]) for one in loaded)
    return tuple(one.swapaxes(1, 2) if layout == "out-in" else one for one in batches)


def _selected(where: str, contents: Contents, choices: Choices) -> tuple[Contents, list[str]]:
    """Return the arrays asked for, each pair of weight and mask as one, and notes."""
    arrays, notes = _paired(where, contents.arrays)
    notes = [*contents.notes, *notes]
    names = [one.name for one in arrays]
    if choices.arrays:
        taken = []
        for asked in choices.arrays:
            fits = [one for one in arrays if one.name == asked] or [
                one for one in arrays if fnmatchcase(one.name, asked)
            ]
            if len(fits) != 1:
                raise unknown("array", printable(asked), map(printable, names), f"{where}: ")
            taken += fits
        return replace(contents, arrays=taken, order="model"), notes
    for pattern in choices.skip:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise unknown("array", printable(pattern), map(printable, names), f"{where}, --skip: ")
    left_out = [name for name in names if any(fnmatchcase(name, p) for p in choices.skip)]
    if left_out:
        notes.append(f"left out, as asked: {listed(left_out)}")
    arrays = [one for one in arrays if one.name not in left_out]
    return replace(contents, arrays=arrays), notes


def _paired(where: str, arrays: Sequence[Stored]) -> tuple[list[Stored], list[str]]:
    """Return the arrays, with pairs NAME_orig or NAME and NAME_mask, as of PyTorch, as one."""
    by_name = {one.name: one for one in arrays}
    paired, notes = [], []
    for one in arrays:
        base = one.name.removesuffix("_orig")
        mask = by_name.get(f"{base}_mask")
        if one.name.endswith("_mask") and {one.name[:-5], f"{one.name[:-5]}_orig"} & set(by_name):
            continue
        if mask is None:
            paired.append(one)
            continue
        if mask.shape != one.shape:
            raise UserError(
                f"{where}: {quoted(mask.name)} has not the shape of {quoted(one.name)}, "
                f"{one.shape}. Call prune.remove before saving."
            )

        def load(one: Stored = one, mask: Stored = mask) -> np.ndarray:
            return np.where(_numbers(mask.load()) != 0, _numbers(one.load()), 0)

        kind = "_orig" if one.name.endswith("_orig") else "weights"
        if len(one.shape) > 1:
            notes.append(f"{quoted(base)} was read as its {kind} times its _mask")
        paired.append(replace(one, name=base, load=load, problem=one.problem or mask.problem))
    return paired, notes


def _is_bias(stored: Stored) -> bool:
    return stored.name.rpartition(".")[2].rpartition("/")[2].removesuffix(":0") == "bias"


def _refuse_kinds(where: str, layers: Sequence[Stored], largest: int) -> None:
    """Raise UserError for wrong kinds and sizes of arrays, before anything is allocated."""
    for one in layers:
        if one.problem:
            raise UserError(f"{where}, array {quoted(one.name)} {one.problem}")
        if 0 in one.shape:
            raise UserError(
                f"{where}, array {quoted(one.name)} is empty: its shape is {one.shape}. Leave it "
                "out: --skip."
            )
    claimed = sum(prod(one.shape) for one in layers)
    if claimed > largest:
        biggest = max(layers, key=lambda one: prod(one.shape))
        raise UserError(
            f"{where} claims {claimed:,} entries, more than {largest:,}; array "
            f"{quoted(biggest.name)}, {biggest.shape}, has most. Store fewer networks per file."
        )


def _as_matrices(
    where: str,
    layers: list[Stored],
    layout: Layout | None,
    named: Layout | None,
    choices: Choices,
) -> tuple[list[Stored], list[str]]:
    """Return the layers with kernels of convolutions as matrices of channels, if asked for."""
    for one in layers:
        axes = len(one.shape)
        place = f"{where}, array {quoted(one.name)} has shape {one.shape}"
        if axes > 3 and not choices.channels:
            raise UserError(
                f"{place}: the kernel of a convolution. Give --channels to read it as a graph of "
                "channels (an edge where any of its weights is one), or leave it out: --skip "
                "PATTERN, or --arrays with those to take."
            )
        if axes == 3 and choices.channels is None and not _ensemble(layers, named):
            raise UserError(
                f"{place}: the kernel of a convolution, or {one.shape[0]} networks. Give "
                "--channels to read a graph of channels, or --ensemble for (networks, a, b)."
            )
    if any(len(one.shape) > 2 for one in layers) and not choices.channels:
        note = f"three axes were read as {layers[0].shape[0]} networks; for channels: --channels"
        return layers, [note] if choices.channels is None else []
    if not choices.channels:
        return layers, []
    if layout is None:
        raise UserError(
            f"{where}: the axes of its kernels are unknown. Give --layout out-in for "
            "(out, in, height, width), as PyTorch, or --layout in-out for (height, width, in, out)."
        )
    return [_channels(one, layout) for one in layers], []


def _ensemble(layers: Sequence[Stored], named: Layout | None) -> bool:
    """Return whether three axes can only be (networks, a, b).

    Names that say nothing are those of an ensemble. Others are of layers: kernels (out, in, width)
    chain in other ways than networks (networks, out, in) do; (width, in, out) in the same.
    """
    if named is None:
        return not any("conv" in one.name.lower() for one in layers)
    if named == "in-out" or len(layers) == 1:
        return False
    kernels = any(left.shape[0] == right.shape[1] for left, right in pairwise(layers))
    return not kernels and len({one.shape[0] for one in layers}) == 1


def _channels(stored: Stored, layout: Layout) -> Stored:
    """Return a kernel with the largest magnitude between each two channels."""
    if len(stored.shape) == 2:
        return stored
    axes = len(stored.shape)
    within = tuple(range(2, axes) if layout == "out-in" else range(axes - 2))
    shape = stored.shape[:2] if layout == "out-in" else stored.shape[-2:]
    return replace(
        stored, shape=shape, load=lambda: np.abs(stored.load().astype(float)).max(within)
    )


def _refuse_batches(where: str, layers: Sequence[Stored]) -> None:
    first = layers[0]
    for one in layers:
        if one.shape[:-2] != first.shape[:-2]:
            raise UserError(
                f"{where}, array {quoted(one.name)} has shape {one.shape}, but "
                f"{quoted(first.name)} {first.shape}. Give all arrays a leading axis of the same "
                "number of networks, or none; --channels reads kernels of convolutions."
            )


def _digraph(
    path: Path,
    layers: Sequence[Stored],
    asked: Layout | None,
    threshold: float,
    choices: Choices,
    notes: list[str],
) -> _Read:
    where = f"'{printable(path)}'"
    (one, *others) = layers
    if others or len(one.shape) > 3 or one.shape[-1] != one.shape[-2]:
        held = ", ".join(f"{quoted(one.name)} {one.shape}" for one in layers)
        raise UserError(
            f"{where}: a digraph is one square array, but here are {held}. Choose one with "
            "--arrays, or omit --digraph."
        )
    weights, wires = (
        array.reshape(-1, *one.shape[-2:]) for array in _edges_of(path, one, threshold)
    )
    if asked == "out-in":
        weights, wires = weights.swapaxes(1, 2), wires.swapaxes(1, 2)
    ends_of = "columns are sources, rows" if asked == "out-in" else "rows are sources, columns"
    notes = [*notes, f"{ends_of} targets"]
    pairs = zip(weights, wires, strict=True)
    edges = ((*np.nonzero(there), own[there]) for own, there in pairs)
    graph, of_edges, more = of_ends(
        where, wires.shape[-1], edges, threshold, undirected=choices.undirected
    )
    read = graph, (one.name,), None, (*notes, *more)
    return read, of_edges if choices.weights else None


def _numbers(weights: np.ndarray) -> np.ndarray:
    """Return weights in a type that compares: NumPy knows no bfloat16 and no float8."""
    known = weights.dtype.kind in "biuf" and weights.dtype != np.float16
    # A threshold might overflow a float16.
    return weights if known else weights.astype(np.float32)


def _edges_of(path: Path, stored: Stored, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of an array, and which are edges: boolean, in its shape."""
    with decoding(path, stored.name):
        weights = _numbers(stored.load())
    wrong = np.count_nonzero(~np.isfinite(weights))
    if wrong:
        raise UserError(
            f"'{printable(path)}', array {quoted(stored.name)}: {wrong} of {weights.size} weights "
            "are NaN or infinite. Leave that network out, or set weights that are no edges to 0."
        )
    with np.errstate(over="ignore"):
        return weights, np.asarray((weights > threshold) | (weights < -threshold))
