"""Intervals, similarity and multiple testing, with the trained network as the unit of replication.

Undefined values are NaN: they are left out, never replaced.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

FEWEST_FOR_INTERVAL = 3
"""With fewer units there is no interval, and its ends are NaN."""

FEWEST_FOR_BOOTSTRAP_T = 6
"""Fewer values than this have too few distinct resamples, and Student's t takes over."""


class Interval(NamedTuple):
    """An estimate, the ends of its interval (NaN where undefined), and its number of units."""

    value: float
    low: float
    high: float
    n: int


def benjamini_hochberg(p: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Adjusted p-values (q) of one family of tests; NaN entries stay NaN and do not count.

    Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289: q of the i-th smallest of m values is
    the least of m·p_j / j over j ≥ i.
    """
    q = np.full(p.shape, np.nan)
    defined = ~np.isnan(p)
    values = p[defined]
    order = np.argsort(values)
    ranks = np.arange(1, values.size + 1)
    scaled = values[order] * values.size / ranks
    least = np.minimum.accumulate(scaled[::-1])[::-1]
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(least, 1.0)
    q[defined] = adjusted
    return q


def mean_p_value(values: Float[np.ndarray, " n"]) -> float:
    """Two-sided p of a mean of zero, by Student's one-sample t test; NaN where undefined."""
    from scipy.special import stdtr

    finite = values[np.isfinite(values)]
    if finite.size < 2 or np.ptp(finite) == 0:
        return float("nan")
    t = finite.mean() / (finite.std(ddof=1) / np.sqrt(finite.size))
    return float(2 * stdtr(finite.size - 1, -abs(t)))


def mean_interval(
    values: Float[np.ndarray, " n"],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """The mean of n values, one for each network, with a studentised bootstrap interval.

    Bootstrap-t (Efron and Tibshirani 1993, chapter 12): the quantiles of (m* - m) / se* over
    resamples replace those of Student's t, so that a skewed distribution gets an asymmetric
    interval. Under six values Student's t is used as it is.
    """
    finite = values[np.isfinite(values)]
    n = finite.size
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    mean = float(finite.mean())
    if n < FEWEST_FOR_INTERVAL:
        return Interval(mean, float("nan"), float("nan"), n)
    error = float(finite.std(ddof=1)) / np.sqrt(n)
    tail = (1 - level) / 2
    if n < FEWEST_FOR_BOOTSTRAP_T:
        from scipy.special import stdtrit

        half = float(stdtrit(n - 1, 1 - tail)) * error
        return Interval(mean, mean - half, mean + half, n)
    statistics = _studentised(finite - mean, resamples, seed)
    low, high = np.quantile(statistics, [tail, 1 - tail]) if statistics.size else (0.0, 0.0)
    return Interval(mean, float(mean - high * error), float(mean - low * error), n)


def _studentised(
    centred: Float[np.ndarray, " n"], resamples: int, seed: int
) -> Float[np.ndarray, " defined"]:
    """Student's t of each resample of values of mean zero; resamples without spread are dropped."""
    n = centred.size
    weights = _resample(n, resamples, seed)
    means = weights @ centred / n
    variances = np.maximum(weights @ centred**2 - n * means**2, 0.0) / (n - 1)
    spread = variances > 1e-12 * float(centred @ centred) / n
    return means[spread] / np.sqrt(variances[spread] / n)


@lru_cache(maxsize=4)
def _resample(n: int, resamples: int, seed: int) -> Float[np.ndarray, "resamples n"]:
    """How often each of n units is drawn, in each of the resamples."""
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    weights.flags.writeable = False
    return weights


def bca_ends(
    replicates: Float[np.ndarray, " resamples"],
    estimate: float,
    jackknife: Float[np.ndarray, " n"],
    *,
    level: float = 0.95,
) -> tuple[float, float]:
    """Both ends of a bias-corrected, accelerated bootstrap interval (Efron 1987, JASA 82:171).

    `replicates` are the statistic on the resamples, `jackknife` its values with one unit left out.
    """
    from scipy.special import ndtr, ndtri

    if replicates.size == 0 or np.ptp(replicates) < 1e-12:
        return estimate, estimate
    below = (np.mean(replicates < estimate) + np.mean(replicates <= estimate)) / 2
    edge = 0.5 / replicates.size
    bias = ndtri(np.clip(below, edge, 1 - edge))
    deviations = jackknife.mean() - jackknife
    scale = float(np.sum(deviations**2)) ** 1.5
    acceleration = float(np.sum(deviations**3)) / (6 * scale) if scale > 0 else 0.0
    tails = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    quantiles = ndtr(bias + tails / (1 - acceleration * tails))
    low, high = np.quantile(replicates, quantiles)
    return float(low), float(high)


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
    directions = _directions(profiles)
    directions = directions[np.isfinite(directions).all(axis=1)]
    n = len(directions)

    def means(weights: Float[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        sums = ((weights @ directions) ** 2).sum(axis=1) - (weights**2).sum(axis=1)
        return _ratio(sums, weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1))

    return _resampled(means, n, level, resamples, seed)


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
    directions = _directions(profiles)
    defined = np.isfinite(directions).all(axis=1)
    directions, groups = directions[defined], groups[defined]
    distinct, index = np.unique(units[defined], return_inverse=True)
    n = distinct.size

    def means(weights: Float[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        ones = np.ones((len(directions), 1))
        sums = _across(weights, directions, groups, index)
        return _ratio(sums, _across(weights, ones, groups, index))

    return _resampled(means, n, level, resamples, seed)


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


def _directions(profiles: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    """Every row at length 1; NaN for a row of zeros."""
    norms = np.linalg.norm(profiles, axis=1, keepdims=True)
    return np.divide(profiles, norms, out=np.full_like(profiles, np.nan), where=norms > 0)


def _ratio(
    sums: Float[np.ndarray, " m"], counts: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """Means within the bounds of a cosine; NaN where no pair is left."""
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return np.clip(means, -1.0, 1.0)


def _resampled(
    means: Callable[[Any], Any], n: int, level: float, resamples: int, seed: int
) -> Interval:
    """The estimate from weights of 1, and its BCa interval over n units."""
    if n < 2:
        return Interval(float("nan"), float("nan"), float("nan"), n)
    estimate = float(means(np.ones((1, n)))[0])
    if n < FEWEST_FOR_INTERVAL:
        return Interval(estimate, float("nan"), float("nan"), n)
    replicates = means(_resample(n, resamples, seed))
    jackknife = means(1.0 - np.eye(n))
    low, high = bca_ends(
        replicates[np.isfinite(replicates)],
        estimate,
        jackknife[np.isfinite(jackknife)],
        level=level,
    )
    return Interval(estimate, low, high, n)
