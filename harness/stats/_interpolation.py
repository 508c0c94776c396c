"""Places between the levels of one network's trajectory, taken as piecewise linear."""

import numpy as np
from jaxtyping import Float


def first_rise(values: Float[np.ndarray, " levels"], target: float) -> float:
    """Where a trajectory first rises to a value: a fractional index of levels.

    That is on the first step from a value of at most the target to one of at least it; to find a
    fall, pass both with their signs changed. NaN where there is no such step: nothing is
    extrapolated. Steps with an undefined end (NaN) are passed over.
    """
    start, end = values[:-1], values[1:]
    found = np.flatnonzero((start <= target) & (end >= target))
    if not found.size:
        return float("nan")
    step = int(found[0])
    height = float(end[step] - start[step])
    return step + (float(target - start[step]) / height if height > 0 else 0.0)


def interpolated(values: Float[np.ndarray, " levels"], place: float) -> float:
    """The value at a fractional index of levels, linear between two; NaN at an undefined place."""
    if np.isnan(place):
        return float("nan")
    before = int(place)
    share = place - before
    if share == 0:
        return float(values[before])
    return float((1 - share) * values[before] + share * values[before + 1])
