"""How many independent draws a correlated series is worth."""

import numpy as np
from jaxtyping import Float


def autocorrelation_time(series: Float[np.ndarray, " steps"]) -> float:
    """The integrated autocorrelation time of a stationary series, in steps.

    1 + 2 * the sum of all autocorrelations, summed by Geyer's initial monotone sequence (1992,
    Statist. Sci. 7:473): over pairs of neighbouring lags while they are positive, none larger than
    the one before. The effective sample size is the number of steps over it. NaN where the series
    is constant or has fewer than four steps.
    """
    steps = len(series)
    centred = series - series.mean() if steps else series
    if steps < 4 or not centred.any():
        return float("nan")
    spectrum = np.fft.rfft(centred, 2 * steps)
    covariances = np.fft.irfft(spectrum * spectrum.conj())[:steps]
    correlations = covariances / covariances[0]
    pairs = correlations[: steps // 2 * 2].reshape(-1, 2).sum(1)
    ends = np.flatnonzero(pairs <= 0)
    positive = pairs[: ends[0]] if len(ends) else pairs
    return float(max(1 / steps, 2 * np.minimum.accumulate(positive).sum() - 1))
