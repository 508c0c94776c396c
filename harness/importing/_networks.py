"""The masks and weights of the files that were found."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import network_files, progress
from harness.errors import UserError
from harness.sparse.graph import LayeredGraph

from ._found import Found, Place

_TOLERANCE = 0.01
"""How far a density may differ from its level's, as a share of it, without a note."""


@dataclass(frozen=True)
class Networks:
    """What the files hold.

    `arrays` are the names of the weights, input layer first, `sizes` the nodes by layer. `masks`
    and `weights` are by place, one array a layer, (out, in), weights zero where pruned. Where
    kernels were read as graphs of channels, there are no weights, and `keep_weights` is False.
    `levels` are the levels as named, dense first, with the density that the masks keep.
    """

    arrays: tuple[str, ...]
    sizes: tuple[int, ...]
    weights: dict[Place, tuple[np.ndarray, ...]]
    masks: dict[Place, tuple[np.ndarray, ...]]
    keep_weights: bool
    levels: dict[float, float]
    notes: tuple[str, ...]

    def digest(self, losses: object) -> str:
        """Return a hash of the networks, their places and their losses."""
        found = hashlib.sha256(repr([self.arrays, self.sizes, losses]).encode())
        for place in sorted(self.masks):
            found.update(repr(place).encode())
            for array in (*self.masks[place], *self.weights.get(place, ())):
                found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()[:12]


def read(
    found: Found, layout: str | None, threshold: float, choices: network_files.Choices
) -> Networks:
    """Read all files. Code in them is never run.

    **Errors:** UserError of `network_files.read_weights`, and for two files whose layers differ.
    """
    masks: dict[Place, tuple[np.ndarray, ...]] = {}
    weights: dict[Place, tuple[np.ndarray, ...]] = {}
    notes: dict[str, Path] = {}
    first: tuple[tuple[str, ...], tuple[int, ...], Path] | None = None
    for number, (place, path) in enumerate(found.files.items()):
        progress.update("reading", number, len(found.files))
        wiring, values = network_files.read_weights(path, layout, threshold, choices)
        assert isinstance(wiring.graph, LayeredGraph), "weights are read as layers"
        wires = [layer[0] for layer in wiring.graph.adjacency]
        sizes = (wires[0].shape[0], *(layer.shape[1] for layer in wires))
        first = first or (wiring.names, sizes, path)
        if (wiring.names, sizes) != first[:2]:
            raise UserError(
                f"'{first[2]}' has the layers {_shown(*first[:2])}, but '{path}' "
                f"{_shown(wiring.names, sizes)}. Import networks of one architecture together."
            )
        masks[place] = tuple(np.ascontiguousarray(layer.T) for layer in wires)
        if values:
            kept = zip(values, wires, strict=True)
            weights[place] = tuple(np.where(wire, one, 0).T for one, wire in kept)
        notes = dict.fromkeys(wiring.notes, path) | notes
    progress.update("reading", len(found.files), len(found.files))
    assert first is not None
    densities = {place: _density(kept) for place, kept in masks.items()}
    levels, more = _levels(found, densities)
    read = (f"'{path}': {note}." for note, path in notes.items())
    return Networks(
        first[0], first[1], weights, masks, not choices.channels, levels, (*read, *more)
    )


def _shown(names: Sequence[str], sizes: Sequence[int]) -> str:
    return f"{'-'.join(map(str, sizes))} ({', '.join(map(network_files.printable, names))})"


def _density(masks: Sequence[np.ndarray]) -> float:
    return sum(int(mask.sum()) for mask in masks) / sum(mask.size for mask in masks)


def _levels(found: Found, densities: dict[Place, float]) -> tuple[dict[float, float], list[str]]:
    """Return the density of each level, dense first, and notes on names that differ from masks."""
    levels, notes = {}, []
    for level in found.levels:
        own = {place: density for place, density in densities.items() if place.level == level}
        mean = float(np.mean(list(own.values())))
        named = {"density": level, "sparsity": round(1 - level, 12)}.get(found.level, mean)
        near = abs(named - mean) <= _TOLERANCE * mean
        levels[level] = named if near and found.level != "level" else round(mean, 6)
        worst = max(own, key=lambda place: abs(own[place] - levels[level]))
        name = network_files.printable(found.files[worst].relative_to(found.folder).as_posix())
        place_of = f"{found.level} {level:g}"
        if not near:
            notes.append(
                f"{place_of}: the masks keep {mean:.4g} of the weights, which is taken as the "
                f"density; '{name}' keeps {own[worst]:.4g}."
            )
        elif abs(own[worst] - levels[level]) > _TOLERANCE * levels[level]:
            notes.append(
                f"{place_of}: densities differ between its networks, with a mean of {mean:.4g}; "
                f"'{name}' keeps {own[worst]:.4g}. Comparisons at equal density are not fair there."
            )
    return dict(sorted(levels.items(), key=lambda pair: -pair[1])), notes
