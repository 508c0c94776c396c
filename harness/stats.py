"""Intervals, similarity and multiple testing, with the trained network as the unit of replication.

Undefined values are NaN: they are left out, never replaced.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

FEWEST_FOR_INTERVAL = 3
"""With fewer units there is no interval, and its ends are NaN."""

FEWEST_FOR_BOOTSTRAP_T = 6
"""Fewer values than this have too few distinct resamples, and Student's t takes over."""


class Interval(NamedTuple):
    """An estimate, the ends of its interval (NaN where undefined), and how many units it rests on."""

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


def _resample(n: int, resamples: int, seed: int) -> Float[np.ndarray, "resamples n"]:
    """How often each of n units is drawn, in each of the resamples."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


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

    if replicates.size == 0 or np.ptp(replicates) == 0:
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


def cosines(profiles: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n n"]:
    """Cosine similarity of every two rows; NaN for a row of zeros, which has no direction."""
    norms = np.linalg.norm(profiles, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(norms > 0, profiles / norms, np.nan)
    return np.clip(unit @ unit.T, -1.0, 1.0)


def within_pairs(
    conditions: Shaped[np.ndarray, " n"], units: Shaped[np.ndarray, " n"]
) -> Bool[np.ndarray, "n n"]:
    """The pairs of two units under one condition."""
    return (conditions[:, None] == conditions) & (units[:, None] != units)


def between_pairs(
    conditions: Shaped[np.ndarray, " n"], units: Shaped[np.ndarray, " n"]
) -> Bool[np.ndarray, "n n"]:
    """The pairs of two units under two conditions.

    A unit that is in both conditions, such as one initial network under two pruners, is not paired
    with itself: within a condition it never is, and the two means must compare like with like.
    """
    return (conditions[:, None] != conditions) & (units[:, None] != units)


def mean_cosine(
    profiles: Float[np.ndarray, "n classes"],
    pairs: Bool[np.ndarray, "n n"],
    units: Shaped[np.ndarray, " n"],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Mean cosine similarity over pairs of rows, with an interval from resampling units.

    `units` says which rows belong together and are drawn together: the same initial network under
    several pruners is one unit. Pairs share networks, so resampling pairs would make the interval
    too narrow. A unit drawn twice is not paired with itself, which would count a similarity of 1:
    the statistic is a U-statistic, its resamples sum w_u·w_v·C_uv over distinct units u and v. The
    interval is BCa. `n` is the number of units.
    """
    similarities = cosines(profiles)
    used = pairs & np.isfinite(similarities)
    distinct, index = np.unique(units[used.any(axis=1)], return_inverse=True)
    n = distinct.size
    rows = np.flatnonzero(used.any(axis=1))
    sums = _by_unit(np.where(used, similarities, 0.0)[np.ix_(rows, rows)], index, n)
    counts = _by_unit(used[np.ix_(rows, rows)].astype(np.float64), index, n)
    if n < 2:
        return Interval(float("nan"), float("nan"), float("nan"), n)
    estimate = float(sums.sum() / counts.sum())
    if n < FEWEST_FOR_INTERVAL:
        return Interval(estimate, float("nan"), float("nan"), n)
    replicates = _weighted(sums, counts, _resample(n, resamples, seed))
    jackknife = _weighted(sums, counts, 1.0 - np.eye(n))
    low, high = bca_ends(
        replicates[np.isfinite(replicates)],
        estimate,
        jackknife[np.isfinite(jackknife)],
        level=level,
    )
    return Interval(estimate, low, high, n)


def _by_unit(
    matrix: Float[np.ndarray, "rows rows"], index: Int[np.ndarray, " rows"], n: int
) -> Float[np.ndarray, "n n"]:
    """Sums of the matrix over the rows and the columns of each unit."""
    member = np.zeros((index.size, n))
    member[np.arange(index.size), index] = 1.0
    return member.T @ matrix @ member


def _weighted(
    sums: Float[np.ndarray, "n n"],
    counts: Float[np.ndarray, "n n"],
    weights: Float[np.ndarray, "resamples n"],
) -> Float[np.ndarray, " resamples"]:
    """The mean over pairs of units with each unit weighted, for every row of weights."""
    total = np.einsum("ru,ru->r", weights @ sums, weights)
    pairs = np.einsum("ru,ru->r", weights @ counts, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, total / pairs, np.nan)
