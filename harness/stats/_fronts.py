"""Pareto fronts: points that no other point dominates."""

import numpy as np
from jaxtyping import Bool, Float


def non_dominated(costs: Float[np.ndarray, "points kinds"]) -> Bool[np.ndarray, " points"]:
    """Return which points no other point dominates.

    One point dominates another if it costs at most as much in every kind and less in one. A point
    with an undefined cost (NaN) is not on the front and dominates none.
    """
    defined = ~np.isnan(costs).any(axis=1)
    one, other = costs[:, None], costs[None]
    dominates = np.all(other <= one, axis=2) & np.any(other < one, axis=2)
    return defined & ~np.any(dominates, axis=1)
