"""The autocorrelation time of a correlated series."""

import numpy as np
from jaxtyping import Float


def autocorrelation_time(series: Float[np.ndarray, "*chains steps"]) -> float:
    """Return the integrated autocorrelation time of a stationary series, in steps.

    Several series, independent of each other, of the same distribution, are taken together.

    It is 1 + 2 * the sum of all autocorrelations, by Geyer's initial monotone sequence (1992,
    Statist. Sci. 7:473): over pairs of neighbouring lags while they are positive, none larger than
    the one before. The effective sample size is the number of steps divided by it. NaN if the
    series is constant, or has fewer than four values or two steps.
    """
    steps = series.shape[-1]
    centred = series - series.mean() if series.size else series
    if series.size < 4 or steps < 2 or not centred.any():
        return float("nan")
    spectrum = np.fft.rfft(centred, 2 * steps)
    products = np.fft.irfft(spectrum * spectrum.conj())[..., :steps]
    covariances = products.reshape(-1, steps).sum(0) / np.arange(steps, 0, -1)
    correlations = covariances / covariances[0]
    pairs = correlations[: steps // 2 * 2].reshape(-1, 2).sum(1)
    ends = np.flatnonzero(pairs <= 0)
    positive = pairs[: ends[0]] if len(ends) else pairs
    return float(max(1 / steps, 2 * np.minimum.accumulate(positive).sum() - 1))
