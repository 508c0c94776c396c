"""Permutation tests of paired designs: labels within seeds, and signs of paired differences."""

from collections.abc import Callable
from itertools import permutations, product
from math import factorial, prod
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from harness.stats._similarity import with_direction

MOST_ARRANGEMENTS = 4096
"""Up to as many arrangements of labels all are enumerated, and p is exact."""

_TIE = 1e-9
"""Arrangements this near to what was seen, relative to it, are ties: they differ by rounding."""


class Permutation(NamedTuple):
    """What was seen, its p, the smallest p there could be, arrangements, and whether these are all.

    All but `statistic` and `arrangements` are NaN where no label can be exchanged.
    """

    statistic: float
    p: float
    attainable: float
    arrangements: int
    exact: bool


def convergence_test(
    profiles: Float[np.ndarray, "rows classes"],
    groups: Int[np.ndarray, " rows"],
    units: Shaped[np.ndarray, " rows"],
    *,
    draws: int = 999,
    seed: int = 0,
) -> Permutation:
    """Whether profiles are more alike within groups than between them: one-sided, by permutation.

    The statistic is the mean cosine similarity over pairs of rows in one group, less that over
    pairs in two groups and of two units. Group labels are permuted among the rows of each unit (one
    initial network under several pruners; at most one row of each group), never pairs. Differences
    in location and in dispersion both raise it: see `dispersion_test`.
    """
    directions, groups, units = with_direction(profiles, groups, units)
    rows = len(directions)
    _, index, members = np.unique(units, return_inverse=True, return_counts=True)
    together = np.zeros((members.size, directions.shape[1]))
    np.add.at(together, index, directions)
    crossed = float((directions.sum(axis=0) ** 2).sum() - (together**2).sum())
    pairs = rows**2 - int((members**2).sum())

    def statistic(labels: Int[np.ndarray, "m rows"]) -> Float[np.ndarray, " m"]:
        sums, found = np.full(len(labels), -float(rows)), np.full(len(labels), -rows)
        for group in np.unique(groups):
            member = labels == group
            sums += ((member.astype(float) @ directions) ** 2).sum(axis=1)
            found += member.sum(axis=1) ** 2
        across = pairs - found
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums / found - (crossed - sums) / across

    return _permuted(statistic, groups, units, draws, seed)


def dispersion_test(
    profiles: Float[np.ndarray, "rows classes"],
    groups: Int[np.ndarray, " rows"],
    units: Shaped[np.ndarray, " rows"],
    *,
    draws: int = 999,
    seed: int = 0,
) -> Permutation:
    """Whether groups differ in how widely their profiles scatter, wherever they lie.

    Profiles are scaled to length 1 and centred on their group's mean; the statistic is the largest
    less the smallest mean distance of a group's rows from their centroid (after Anderson 2006,
    Biometrics 62:245). Labels of the centred rows are permuted within units as in
    `convergence_test`, and centroids computed anew. Nearly exact: the centring uses estimates.
    """
    directions, groups, units = with_direction(profiles, groups, units)
    known = np.unique(groups)
    centred = directions.copy()
    for group in known:
        centred[groups == group] -= directions[groups == group].mean(axis=0)
    squares = (centred**2).sum(axis=1)

    def statistic(labels: Int[np.ndarray, "m rows"]) -> Float[np.ndarray, " m"]:
        scatter = []
        for group in known:
            member = (labels == group).astype(float)
            size = member.sum(axis=1)
            centroid = member @ centred / size[:, None]
            apart = squares - 2 * centroid @ centred.T + (centroid**2).sum(axis=1)[:, None]
            scatter.append((np.sqrt(np.maximum(apart, 0)) * member).sum(axis=1) / size)
        return np.ptp(scatter, axis=0) if scatter else np.full(len(labels), np.nan)

    return _permuted(statistic, groups, units, draws, seed)


def _permuted(
    statistic: Callable[[Any], Any],
    groups: Int[np.ndarray, " rows"],
    units: Shaped[np.ndarray, " rows"],
    draws: int,
    seed: int,
) -> Permutation:
    """The statistic of the labels as they are among that of their arrangements within units."""
    labels, exact = arrangements(groups, units, draws, seed)
    seen = float(statistic(groups[None])[0]) if groups.size else float("nan")
    if len(labels) < 2 or not np.isfinite(seen):
        return Permutation(seen, float("nan"), float("nan"), len(labels), True)
    found = statistic(labels)
    reached = int((found >= seen - _TIE * max(abs(seen), 1.0)).sum())
    if exact:
        most = found.max()
        least = float((found >= most - _TIE * max(abs(most), 1.0)).mean())
        return Permutation(seen, reached / len(labels), least, len(labels), True)
    return Permutation(seen, (reached + 1) / (draws + 1), 1 / (draws + 1), draws, False)


def arrangements(
    groups: Int[np.ndarray, " rows"], units: Shaped[np.ndarray, " rows"], draws: int, seed: int
) -> tuple[Int[np.ndarray, "arrangements rows"], bool]:
    """Labels permuted within units: every arrangement, or random ones where there are too many.

    Where all units have the same labels, renaming all labels at once changes no statistic here; the
    first unit then keeps its labels, so that arrangements which are the same count once.
    """
    members = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    free = [rows for rows in members if rows.size > 1]
    if members and len({tuple(sorted(groups[rows])) for rows in members}) == 1:
        free = free[1:]
    if prod(factorial(rows.size) for rows in free) <= MOST_ARRANGEMENTS:
        orders = list(product(*(permutations(rows) for rows in free)))
        labels = np.repeat(groups[None], len(orders), axis=0)
        if free:
            places = np.concatenate(free)
            labels[:, places] = groups[[np.concatenate(order) for order in orders]]
        return labels, True
    rng = np.random.default_rng(seed)
    labels = np.repeat(groups[None], draws, axis=0)
    for size in {rows.size for rows in free}:
        places = np.array([rows for rows in free if rows.size == size])
        order = np.argsort(rng.random((draws, *places.shape), np.float32), axis=-1)
        moved = np.take_along_axis(groups[places][None], order, axis=-1)
        labels[:, places.ravel()] = moved.reshape(draws, -1)
    return labels, False
