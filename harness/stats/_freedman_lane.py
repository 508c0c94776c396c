"""Permutation tests of associations in a linear model with covariates."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

_NONE = 1e-9
"""What covariates leave of a variable is nothing if it is at most this share; ties likewise."""


class PartialTests(NamedTuple):
    """Partial correlation, slope, p and max-T p of each tested column; n complete units."""

    correlation: Float[np.ndarray, " columns"]
    slope: Float[np.ndarray, " columns"]
    p: Float[np.ndarray, " columns"]
    adjusted: Float[np.ndarray, " columns"]
    n: int


def freedman_lane(
    outcome: Float[np.ndarray, " units"],
    tested: Float[np.ndarray, "units columns"],
    covariates: Float[np.ndarray, "units covariates"],
    *,
    draws: int = 9999,
    seed: int = 0,
) -> PartialTests:
    """Test each column's association with the outcome at given covariates, two-sided.

    Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292: the residuals of the model of covariates
    alone are permuted and added to its fit, and the model with the column is fitted again. Each
    column is in a model of its own; an intercept is in all. The statistic is the partial
    correlation: it rises with Student's t and has the same p. `adjusted` is max-T (Westfall and
    Young 1993; Winkler et al. 2014, NeuroImage 92:381): the chance that any column reaches the
    value. Units with an undefined value are left out. Columns that the covariates determine have
    NaN; all have, where units are not at least three more than covariates.
    """
    whole = np.column_stack([outcome, tested, covariates])
    whole = whole[np.isfinite(whole).all(axis=1)]
    centred = whole - whole.mean(axis=0)
    y, x, others = np.split(centred, [1, 1 + tested.shape[1]], axis=1)
    basis = _basis(others)
    y, left = ((part - basis @ (basis.T @ part)) for part in (y, x))
    size = np.linalg.norm(left, axis=0)
    free = size > _NONE * np.linalg.norm(x, axis=0)
    free &= len(whole) >= basis.shape[1] + 3
    units = np.divide(left, size, out=np.full_like(left, np.nan), where=free)

    def correlations(rows: Float[np.ndarray, "m units"]) -> Float[np.ndarray, "m columns"]:
        squares = (rows**2).sum(1) - ((rows @ basis) ** 2).sum(1)
        return rows @ units / np.sqrt(np.maximum(squares, np.finfo(float).tiny))[:, None]

    rng = np.random.default_rng(seed)
    drawn = np.abs(correlations(rng.permuted(np.tile(y.T, (draws, 1)), axis=1)))
    (correlation,) = correlations(y.T)
    seen = np.abs(correlation) * (1 - _NONE)
    most = np.max(drawn, axis=1, where=free, initial=0.0)[:, None]
    p, adjusted = (
        np.where(free, (1 + (one >= seen).sum(axis=0)) / (draws + 1), np.nan)
        for one in (drawn, most)
    )
    slope = correlation * np.linalg.norm(y) / np.where(free, size, np.nan)
    return PartialTests(correlation, slope, p, adjusted, len(whole))


def _basis(columns: Float[np.ndarray, "units columns"]) -> Float[np.ndarray, "units rank"]:
    """Return orthonormal columns that span centred columns, each scaled to length 1 first."""
    lengths = np.linalg.norm(columns, axis=0)
    directions, sizes, _ = np.linalg.svd(columns / np.where(lengths > 0, lengths, 1), False)
    return directions[:, sizes > _NONE * np.max(sizes, initial=0.0)]
