"""How alike profiles are: mean cosine similarity with its interval."""

import numpy as np
from jaxtyping import Float, Int, Shaped

from harness.stats._bca import resampled
from harness.stats._intervals import Interval


def mean_cosine_within(
    profiles: Float[np.ndarray, "n classes"],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Mean cosine similarity over all pairs of rows, with an interval from resampling rows.

    Pairs share rows, so resampling pairs would make the interval too narrow. A row drawn twice is
    not paired with itself, which would count a similarity of 1: the statistic is a U-statistic, and
    its resamples are sums of w_i·w_j·cos_ij over i ≠ j. The interval is BCa. `n` counts rows; those
    of zeros have no direction and are left out.
    """
    (directions,) = with_direction(profiles)
    n = len(directions)

    def means(weights: Float[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        own = np.einsum("ij,ij->i", weights, weights)
        sums = ((weights @ directions) ** 2).sum(axis=1) - own
        return _ratio(sums, weights.sum(axis=1) ** 2 - own)

    return resampled(means, n, level, resamples, seed)


def mean_cosine_between(
    profiles: Float[np.ndarray, "n classes"],
    groups: Int[np.ndarray, " n"],
    units: Shaped[np.ndarray, " n"],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Mean cosine similarity over pairs of rows in two groups, resampling units, as within a group.

    `units` says which rows belong together, such as one initial network under several pruners; at
    most one row of each group. They are drawn together and not paired with one another, as within a
    group there are no such pairs: the two means then compare like with like. `n` counts units.
    """
    directions, groups, units = with_direction(profiles, groups, units)
    distinct, index = np.unique(units, return_inverse=True)
    n = distinct.size

    def means(weights: Float[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        ones = np.ones((len(directions), 1))
        sums = _across(weights, directions, groups, index)
        return _ratio(sums, _across(weights, ones, groups, index))

    return resampled(means, n, level, resamples, seed)


def _across(
    weights: Float[np.ndarray, "m n"],
    vectors: Float[np.ndarray, "rows k"],
    groups: Int[np.ndarray, " rows"],
    index: Int[np.ndarray, " rows"],
) -> Float[np.ndarray, " m"]:
    """Sums of w·w·(u·v) over pairs of rows in two groups and of two units, for each weighting.

    The square of the sum of all, less the squares of groups, less what is left of units: no matrix
    of pairs is needed.
    """
    by_group = [weights[:, index[groups == g]] @ vectors[groups == g] for g in np.unique(groups)]
    everything = (np.sum(by_group, axis=0) ** 2).sum(axis=1)
    alone = sum((part**2).sum(axis=1) for part in by_group)
    together = np.zeros((weights.shape[1], vectors.shape[1]))
    np.add.at(together, index, vectors)
    own = np.bincount(index, (vectors**2).sum(axis=1), minlength=weights.shape[1])
    return everything - alone - weights**2 @ ((together**2).sum(axis=1) - own)


def with_direction(
    profiles: Float[np.ndarray, "n classes"], *labels: Shaped[np.ndarray, " n"]
) -> tuple[np.ndarray, ...]:
    """The rows that are not all zero, each at length 1, and the labels of these rows."""
    norms = np.linalg.norm(profiles, axis=1, keepdims=True)
    scaled = np.divide(profiles, norms, out=np.full_like(profiles, np.nan), where=norms > 0)
    defined = np.isfinite(scaled).all(axis=1)
    return scaled[defined], *(label[defined] for label in labels)


def _ratio(
    sums: Float[np.ndarray, " m"], counts: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """Means within the bounds of a cosine; NaN where no pair is left."""
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return np.clip(means, -1.0, 1.0)
