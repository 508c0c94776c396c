"""Bootstrap intervals over networks."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

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


def bounded_mean_interval(
    values: Float[np.ndarray, " n"], *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """The mean of n values that have bounds, as ranks do, one for each network, with its interval.

    BCa (Efron 1987), whose ends are means of resamples and so keep to the bounds. Bootstrap-t, as
    in `mean_interval`, fails where most values are equal: resamples of these alone have no spread.
    """
    finite = values[np.isfinite(values)]
    if finite.size < FEWEST_FOR_INTERVAL:
        mean = float(finite.mean()) if finite.size else float("nan")
        return Interval(mean, float("nan"), float("nan"), finite.size)

    def means(weights: Float[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        return weights @ finite / weights.sum(axis=1)

    return resampled(means, finite.size, level, resamples, seed)


def _studentised(
    centred: Float[np.ndarray, " n"], resamples: int, seed: int
) -> Float[np.ndarray, " defined"]:
    """Student's t of each resample of values of mean zero; resamples without spread are dropped."""
    n = centred.size
    weights = resample(n, resamples, seed)
    means = weights @ centred / n
    variances = np.maximum(weights @ centred**2 - n * means**2, 0.0) / (n - 1)
    spread = variances > 1e-12 * float(centred @ centred) / n
    return means[spread] / np.sqrt(variances[spread] / n)


@lru_cache(maxsize=4)
def resample(n: int, resamples: int, seed: int) -> Float[np.ndarray, "resamples n"]:
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


def resampled(
    means: Callable[[Any], Any], n: int, level: float, resamples: int, seed: int
) -> Interval:
    """The estimate from weights of 1, and its BCa interval over n units."""
    if n < 2:
        return Interval(float("nan"), float("nan"), float("nan"), n)
    estimate = float(means(np.ones((1, n)))[0])
    if n < FEWEST_FOR_INTERVAL:
        return Interval(estimate, float("nan"), float("nan"), n)
    replicates = means(resample(n, resamples, seed))
    jackknife = means(1.0 - np.eye(n))
    low, high = bca_ends(
        replicates[np.isfinite(replicates)],
        estimate,
        jackknife[np.isfinite(jackknife)],
        level=level,
    )
    return Interval(estimate, low, high, n)
