"""Similarity of profiles of z, corrected for the noise of the null, and its differences."""

from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from harness.stats._intervals import Interval, MeanTest, mean_test

WEAKEST = 3.0
"""A mean signal below this many standard errors (those of noise alone) counts as no signal."""


class Noise(NamedTuple):
    """The noise of z under its null.

    `correlations` are those of the classes under the null; None assumes the worst, that all classes
    rise and fall together. `draws` is the number of draws that gave the moments, 0 if they are
    exact. `averaged` is the number of networks of which each profile is the mean.
    """

    correlations: Float[np.ndarray, "classes classes"] | None = None
    draws: int = 0
    averaged: int = 1


EXACT = Noise()


def signal(
    profiles: Float[np.ndarray, "n classes"], noise: Noise = EXACT
) -> Float[np.ndarray, " n"]:
    """Return the squared signal of each profile: squared length less what noise adds on average.

    A z of exact moments has noise of variance 1, so k classes add k, whatever their correlations.
    Moments of R draws add 1/R to that variance by their mean, and z^2/(2R) by their sd.
    """
    squares = (profiles**2).sum(axis=1)
    classes = profiles.shape[1]
    if not noise.draws:
        return squares - classes / noise.averaged
    return squares / (1 + 0.5 / noise.draws) - classes * (1 + 1 / noise.draws) / noise.averaged


def similarity_within(
    profiles: Float[np.ndarray, "n classes"], *, noise: Noise = EXACT, level: float = 0.95
) -> Interval:
    """Return how similar profiles are, corrected for noise: 1 for equal signals, 0 for unrelated.

    It is the mean dot product over pairs of rows, divided by the mean `signal`: the noise of two
    networks is independent and adds nothing to a dot product, but lengthens every profile. As an
    estimate it may exceed 1. Signals of one direction but unequal strength give less than 1. Signal
    and null are assumed to have equal noise.

    Undefined (NaN) if the mean signal does not stand out from noise: if it is below `WEAKEST` times
    sqrt(2 tr(C^2)/n), its standard error without a signal if classes have correlations C.

    The interval is that of `mean_test` for jackknife pseudo-values over networks; their scatter
    includes the noise and its covariance between classes. At `level` 0.95 and n = 8 and 10 it
    covers 0.93 or more for signals that differ in direction, or in strength by a log-normal factor
    of sd up to 0.5 or a factor of 2.
    """
    return _interval(*_pseudo([profiles], [np.arange(len(profiles))], noise), level)


def similarity_between(
    profiles: Float[np.ndarray, "rows classes"],
    groups: Int[np.ndarray, " rows"],
    units: Shaped[np.ndarray, " rows"],
    *,
    noise: Noise = EXACT,
    level: float = 0.95,
) -> Interval:
    """Return the similarity, as `similarity_within`, of rows in different groups and units.

    For two groups it is the mean dot product divided by the root of the product of their mean
    signals; for more, the mean over pairs of groups. `units` says which rows belong together, such
    as one network under several pruners, at most one row of each group: these are not paired, and
    the jackknife leaves them out together. `n` counts units.
    """
    known = np.unique(groups)
    parts = [profiles[groups == group] for group in known]
    return _interval(*_pseudo(parts, [units[groups == group] for group in known], noise), level)


def similarity_of_two(
    first: Float[np.ndarray, " classes"],
    second: Float[np.ndarray, " classes"],
    *,
    noise: tuple[Noise, Noise] = (EXACT, EXACT),
    level: float = 0.95,
) -> Interval:
    """Return the similarity of two networks' profiles, with an interval for the null's noise alone.

    The value is that of `similarity_between`. The interval propagates the noise of both z to first
    order: it says how exact this similarity is, and nothing of other networks of the same kinds.
    z of R draws has variance 1 + 1/R + z^2/(2R). Undefined (NaN) as in `similarity_within`.
    """
    pair = first, second
    lengths = [signal(one[None], its) for one, its in zip(pair, noise, strict=True)]
    if not all(map(_clear, lengths, map(len, pair), noise)):
        return Interval(float("nan"), float("nan"), float("nan"), 2)
    scale = np.sqrt(lengths[0] * lengths[1]).item()
    value, variance = float(first @ second / scale), 0.0
    for one, other, length, its in zip(pair, pair[::-1], lengths, noise, strict=True):
        share = 1 / its.draws if its.draws else 0.0
        slope = (other / scale - value * one / length) * np.sqrt(1 + share + one**2 * share / 2)
        joint = its.correlations
        variance += np.abs(slope).sum() ** 2 if joint is None else slope @ joint @ slope
    half = NormalDist().inv_cdf((1 + level) / 2) * float(np.sqrt(variance))
    return Interval(value, value - half, value + half, 2)


def similarity_difference(
    first: Float[np.ndarray, "n classes"],
    second: Float[np.ndarray, "n classes"],
    *,
    noise: tuple[Noise, Noise] = (EXACT, EXACT),
    level: float = 0.95,
) -> MeanTest:
    """Return how much more similar the first profiles are than the second, paired by row.

    It is the mean difference of pseudo-values (the difference of both `similarity_within` less the
    jackknife's estimate of its bias), with interval and two-sided p by `mean_test`. The rows of a
    pair belong to one network: its profiles at two levels, or its own and those of its control. The
    two may have different classes.
    """
    both = [
        _pseudo([part], [np.arange(len(part))], its)
        for part, its in zip((first, second), noise, strict=True)
    ]
    return mean_test(both[0][1] - both[1][1], level=level)._replace(n=len(first))


def _interval(estimate: float, pseudo: Float[np.ndarray, " n"], level: float) -> Interval:
    test = mean_test(pseudo, level=level)
    return Interval(estimate, test.low, test.high, pseudo.size)


def _pseudo(
    parts: Sequence[Float[np.ndarray, "_ classes"]],
    units: Sequence[Shaped[np.ndarray, " _"]],
    noise: Noise,
) -> tuple[float, Float[np.ndarray, " units"]]:
    """Return the similarity s and jackknife pseudo-values n·s - (n - 1)·s_i, s_i without unit i.

    All are NaN if the signal of a group does not stand out from noise.
    """
    distinct = np.unique(np.concatenate([*units, np.zeros(0, int)])) if units else np.zeros(0)
    n = distinct.size
    weights = np.concatenate([np.ones((1, n)), 1 - np.eye(n)])
    index = [np.searchsorted(distinct, part) for part in units]
    lengths = [signal(part, noise) for part in parts]
    similarities = _similarities(weights, parts, index, lengths)
    nothing = np.full(n, np.nan)
    sizes = [part.shape[1] for part in parts]
    if n < 2 or not all(map(_clear, lengths, sizes, [noise] * len(parts))):
        return float("nan"), nothing
    return float(similarities[0]), n * similarities[0] - (n - 1) * similarities[1:]


def _clear(lengths: Float[np.ndarray, " n"], classes: int, noise: Noise) -> bool:
    """Return whether a mean signal is well above its scatter by noise alone."""
    squared = classes**2 if noise.correlations is None else float((noise.correlations**2).sum())
    least = WEAKEST * np.sqrt(2 * squared / max(1, lengths.size)) / noise.averaged
    return bool(lengths.size and lengths.mean() > least)


def _similarities(
    weights: Float[np.ndarray, "m units"],
    parts: Sequence[Float[np.ndarray, "_ classes"]],
    index: Sequence[Int[np.ndarray, " _"]],
    lengths: Sequence[Float[np.ndarray, " _"]],
) -> Float[np.ndarray, " m"]:
    """Return the similarity for each weighting of units: within one group, or between several."""
    pairs = combinations(range(len(parts)), 2) if len(parts) > 1 else [(0, 0)] * len(parts)
    by_pair = [
        _dots(weights, parts, index, a, b) / _scale(weights, index, lengths, a, b) for a, b in pairs
    ]
    return np.mean(by_pair, axis=0) if by_pair else np.full(len(weights), np.nan)


def _dots(
    weights: Float[np.ndarray, "m units"],
    parts: Sequence[Float[np.ndarray, "_ classes"]],
    index: Sequence[Int[np.ndarray, " _"]],
    a: int,
    b: int,
) -> Float[np.ndarray, " m"]:
    """Return the mean dot product over pairs of rows, one of each group, of different units."""
    one, other = weights[:, index[a]], weights[:, index[b]]
    _, left, right = np.intersect1d(index[a], index[b], return_indices=True)
    same = one[:, left] * other[:, right]
    sums = ((one @ parts[a]) * (other @ parts[b])).sum(axis=1)
    sums -= same @ (parts[a][left] * parts[b][right]).sum(axis=1)
    pairs = one.sum(axis=1) * other.sum(axis=1) - same.sum(axis=1)
    return np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)


def _scale(
    weights: Float[np.ndarray, "m units"],
    index: Sequence[Int[np.ndarray, " _"]],
    lengths: Sequence[Float[np.ndarray, " _"]],
    a: int,
    b: int,
) -> Float[np.ndarray, " m"]:
    """Return the root of the product of two mean signals; NaN if one is not positive."""
    means = []
    for group in (a, b):
        number = weights[:, index[group]].sum(axis=1)
        sums = weights[:, index[group]] @ lengths[group]
        mean = np.divide(sums, number, out=np.full_like(sums, np.nan), where=number > 0)
        means.append(np.where(mean > 0, mean, np.nan))
    return np.sqrt(means[0] * means[1])
