"""Linear interpolation between the levels of networks' trajectories."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int

Places: TypeAlias = Float[np.ndarray, " networks"]


def first_rise(values: Float[np.ndarray, "networks levels"], target: float) -> Places:
    """Return the fractional index of levels at which each trajectory first rises to a value.

    It lies on the first step from a value at most the target to one at least the target. To find a
    fall, change the signs of both arguments. NaN if there is no such step: nothing is extrapolated.
    Steps with an undefined end (NaN) are skipped.
    """
    start, end = values[:, :-1], values[:, 1:]
    if not start.shape[1]:
        return np.full(len(values), np.nan)
    rises = (start <= target) & (end >= target)
    step = rises.argmax(1)
    low, high = (_at(part, step) for part in (start, end))
    height = high - low
    share = np.divide(target - low, height, out=np.zeros(height.shape), where=height > 0)
    return np.where(rises.any(1), step + share, np.nan)


def interpolated(values: Float[np.ndarray, "networks levels"], places: Places) -> Places:
    """Return values at a fractional index of levels, linear between two; NaN if undefined."""
    before = np.nan_to_num(places).astype(int)
    share = places - before
    first = _at(values, before)
    second = _at(values, np.minimum(before + 1, values.shape[1] - 1))
    return np.where(share == 0, first, (1 - share) * first + share * second)


def _at(
    values: Float[np.ndarray, "networks levels"], level: Int[np.ndarray, " networks"]
) -> Places:
    return values[np.arange(len(values)), level]
