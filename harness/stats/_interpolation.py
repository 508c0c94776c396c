"""Linear interpolation between the levels of one network's trajectory."""

import numpy as np
from jaxtyping import Float


def first_rise(values: Float[np.ndarray, " levels"], target: float) -> float:
    """Return the fractional index of levels at which a trajectory first rises to a value.

    It lies on the first step from a value at most the target to one at least the target. To find a
    fall, change the signs of both arguments. NaN if there is no such step: nothing is extrapolated.
    Steps with an undefined end (NaN) are skipped.
    """
    start, end = values[:-1], values[1:]
    rises = np.flatnonzero((start <= target) & (end >= target))
    if not rises.size:
        return float("nan")
    step = int(rises[0])
    height = float(end[step] - start[step])
    return step + (float(target - start[step]) / height if height > 0 else 0.0)


def interpolated(values: Float[np.ndarray, " levels"], place: float) -> float:
    """Return the value at a fractional index of levels, linear between two; NaN if undefined."""
    if np.isnan(place):
        return float("nan")
    before = int(place)
    share = place - before
    if share == 0:
        return float(values[before])
    return float((1 - share) * values[before] + share * values[before + 1])
