"""Bias-corrected, accelerated bootstrap intervals of statistics of units."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from harness.stats._intervals import Interval, resample


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
    if n < 3:
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
