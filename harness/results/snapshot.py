"""One finished level of an ensemble as arrays in a file: bit-packed masks and kept weights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from harness import files
from harness.errors import UserError
from harness.sparse.masks import leaf_names
from harness.types import Network

FORMAT = 1


def level_path(folder: Path, level: int) -> Path:
    """Return the file in which a trial keeps a level."""
    return folder / f"level-{level:02d}.safetensors"


def step_path(level: Path, step: int) -> Path:
    """Where a trial keeps its networks after a step of a level, beside the file of the level."""
    return level.with_name(f"{level.stem}-step-{step:06d}.safetensors")


def kept_within(level: Path) -> dict[int, Path]:
    """The files of the steps that are kept of a level, beside the file of the level, by step."""
    found = level.parent.glob(f"{level.stem}-step-*.safetensors")
    return {int(path.stem.rpartition("-")[2]): path for path in sorted(found)}


def at_step(level: Path, step: int | None) -> Path:
    """The file of a level, or of a step that is kept of it; `UserError` where it is not."""
    if step is None:
        return level
    kept = kept_within(level)
    if step not in kept:
        steps = ", ".join(map(str, kept)) or "none"
        raise UserError(f"'{level}': step {step} is not kept. Steps kept: {steps}.")
    return kept[step]


@dataclass(frozen=True)
class Snapshot:
    """What is kept of one level or of a step of it: every array has the networks first.

    `masks` by name of prunable leaf; `weights` the leaves of the masked networks by name, zero
    where pruned (None where weights are not kept); `figures` one row of numbers per network;
    `curve` the mean training loss of each chunk of steps, (chunks, networks), and `curve_steps` the
    step that each chunk ends with; `diagnostics` what the pruner said of each of its prunings, by
    name, (prunings, networks), and `pruning_steps` the steps of the level that began with them.
    """

    masks: Mapping[str, Bool[np.ndarray, "networks ..."]]
    weights: Mapping[str, Float[np.ndarray, "networks ..."]] | None
    figures: Mapping[str, np.ndarray]
    curve: Float[np.ndarray, "chunks networks"]
    curve_steps: Int[np.ndarray, " chunks"]
    facts: Mapping[str, Any]
    diagnostics: Mapping[str, Float[np.ndarray, "prunings networks"]] = field(default_factory=dict)
    pruning_steps: Sequence[int] = ()


def named_leaves(network: Network) -> dict[str, np.ndarray]:
    """Return all arrays of a network by name, on the host."""
    return {
        name: np.asarray(leaf)
        for name, leaf in zip(leaf_names(network), jax.tree.leaves(network), strict=True)
    }


def save(path: Path, snapshot: Snapshot) -> str:
    """Write a level. Returns the SHA-256 of the file."""
    arrays: dict[str, np.ndarray] = {
        "curve": snapshot.curve,
        "curve_steps": snapshot.curve_steps,
    }
    arrays |= {f"figures/{name}": values for name, values in snapshot.figures.items()}
    if snapshot.diagnostics:
        arrays["pruning_steps"] = np.asarray(snapshot.pruning_steps, np.int64)
        arrays |= {f"diagnostics/{name}": said for name, said in snapshot.diagnostics.items()}
    for name, mask in snapshot.masks.items():
        arrays[f"masks/{name}"] = np.packbits(mask.reshape(len(mask), -1), axis=1)
    for name, leaf in (snapshot.weights or {}).items():
        arrays[f"weights/{name}"] = leaf[snapshot.masks[name]] if name in snapshot.masks else leaf
    metadata = {
        "format": FORMAT,
        "shapes": {name: mask.shape[1:] for name, mask in snapshot.masks.items()},
        "facts": dict(snapshot.facts),
    }
    return files.write_arrays(path, arrays, metadata)


def load(path: Path, *, weights: bool = True) -> Snapshot:
    """Read a level. Raises `DamagedFileError` where the file is not a level of this format."""
    arrays, metadata = files.read_arrays(path)
    if metadata.get("format") != FORMAT:
        raise files.DamagedFileError(f"'{path}' has format {metadata.get('format')}, not {FORMAT}")
    masks = {
        name: _unpacked(arrays[f"masks/{name}"], tuple(shape))
        for name, shape in metadata["shapes"].items()
    }
    stored = _under("weights/", arrays) if weights else {}
    return Snapshot(
        masks=masks,
        weights={name: _spread(array, masks.get(name)) for name, array in stored.items()} or None,
        figures=_under("figures/", arrays),
        curve=arrays["curve"],
        curve_steps=arrays["curve_steps"],
        facts=metadata["facts"],
        diagnostics=_under("diagnostics/", arrays),
        pruning_steps=arrays.get("pruning_steps", np.zeros(0, np.int64)).tolist(),
    )


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _unpacked(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    bits = np.unpackbits(packed, axis=1, count=math.prod(shape))
    return bits.astype(bool).reshape(len(packed), *shape)


def _spread(kept: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    if mask is None:
        return kept
    full = np.zeros(mask.shape, kept.dtype)
    full[mask] = kept
    return full
