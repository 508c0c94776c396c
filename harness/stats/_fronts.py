"""Pareto fronts: what nothing else is better than in every respect."""

import numpy as np
from jaxtyping import Bool, Float


def non_dominated(costs: Float[np.ndarray, "points kinds"]) -> Bool[np.ndarray, " points"]:
    """Which points no other point dominates: is at most as costly in every kind, and less in one.

    Equal points do not dominate each other. A point with an undefined cost (NaN) is neither on the
    front nor dominates any.
    """
    defined = ~np.isnan(costs).any(axis=1)
    one, other = costs[:, None], costs[None]
    dominates = np.all(other <= one, axis=2) & np.any(other < one, axis=2)
    return defined & ~np.any(dominates, axis=1)
