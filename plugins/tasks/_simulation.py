"""Simulated data sets of tasks: rows solved in blocks of one size, arrays kept in the cache."""

import platform
from collections.abc import Callable, Mapping
from typing import Any

import diffrax
import jax
import numpy as np
from jaxtyping import Array, Float, Shaped

from harness import AbstractTask, cache, stream
from harness.plugin.digest import source_digest

_BLOCK = 4096


def uniform(
    draws: np.random.Generator, rows: int, bounds: Mapping[str, tuple[float, float]]
) -> Float[np.ndarray, "{rows} columns"]:
    """Return uniform draws between the bounds of each column, float32, row after row."""
    low, high = np.array(list(bounds.values())).T
    return (low + (high - low) * draws.random((rows, len(bounds)))).astype(np.float32)


def in_blocks(
    solve: Callable[..., Array], *arrays: Shaped[np.ndarray, "rows ..."]
) -> Shaped[np.ndarray, "rows ..."]:
    """Return `solve` of each row, traced for blocks of one size.

    A row has the same bits however many others are asked for.
    """
    rows = len(arrays[0])
    block = jax.jit(jax.vmap(solve))
    parts = []
    for start in range(0, rows, _BLOCK):
        at = np.arange(start, start + _BLOCK).clip(max=rows - 1)
        parts.append(np.asarray(block(*(array[at] for array in arrays))))
    return np.concatenate(parts)[:rows]


def kept(
    task: AbstractTask,
    seed: int,
    parameters: Mapping[str, Any],
    make: Callable[[np.random.Generator], Mapping[str, np.ndarray]],
) -> Mapping[str, np.ndarray]:
    """Return the arrays that `make` draws from the seed, from the cache if they are there.

    `parameters` are those of the task that the arrays depend on.
    """
    determinants = {
        **parameters,
        "seed": seed,
        "source": source_digest(task),
        "jax": jax.__version__,
        "diffrax": diffrax.__version__,
        "device": jax.devices()[0].device_kind,
        "machine": platform.machine(),
    }

    def made() -> tuple[Mapping[str, np.ndarray], Mapping[str, Any]]:
        key = jax.random.key_data(stream(seed, "data"))
        return make(np.random.default_rng(np.asarray(key))), {}

    return cache.load_or_make(task.name, determinants, made).arrays
