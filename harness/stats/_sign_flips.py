"""Sign-flip tests of paired differences."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

MOST_SIGNED = 14
"""Up to this many pairs, all arrangements of signs are enumerated: 2^14."""

_TIE = 1e-9
"""Statistics this close to the observed one are ties: they differ by rounding."""


class SignFlips(NamedTuple):
    """p and max-T p by column, the smallest possible p, the arrangements, and if these are all."""

    p: Float[np.ndarray, " columns"]
    adjusted: Float[np.ndarray, " columns"]
    attainable: float
    arrangements: int
    exact: bool


def sign_flips(
    differences: Float[np.ndarray, "pairs columns"], *, draws: int = 9999, seed: int = 0
) -> SignFlips:
    """Return two-sided p of paired differences of mean zero, by flipping the signs of whole pairs.

    The statistic is |mean| divided by the root mean square. It rises with Student's t and gives the
    same permutation p, but needs no variance of a column without spread. `adjusted` is max-T
    (Westfall and Young 1993): the chance that any column reaches the value. Undefined differences
    (NaN) are left out. A column of zeros has p 1.
    """
    defined = np.isfinite(differences)
    kept = defined.any(axis=1)
    values, defined = np.where(defined, differences, 0.0)[kept], defined[kept]
    pairs, columns = values.shape
    size = np.sqrt(defined.sum(axis=0) * (values**2).sum(axis=0))
    exact = pairs <= MOST_SIGNED
    signs = _signs(pairs, draws, exact, seed)

    def statistic(flips: Float[np.ndarray, "m pairs"]) -> Float[np.ndarray, "m columns"]:
        sums = np.abs(flips @ values)
        return np.divide(sums, size, out=np.zeros_like(sums), where=size > 0)

    if not pairs or not columns:
        nothing = np.full(columns, np.nan)
        return SignFlips(nothing, nothing, float("nan"), 0, True)
    observed, flipped = statistic(np.ones((1, pairs)))[0] - _TIE, statistic(signs)
    reached = (flipped >= observed).sum(axis=0)
    any_reached = (flipped.max(axis=1)[:, None] >= observed).sum(axis=0)
    counted = len(signs) + (not exact)
    p, adjusted = ((hits + (not exact)) / counted for hits in (reached, any_reached))
    undefined = ~defined.any(axis=0)
    p[undefined], adjusted[undefined] = np.nan, np.nan
    return SignFlips(p, adjusted, 1 / counted, len(signs), exact)


@lru_cache(maxsize=4)
def _signs(pairs: int, draws: int, exact: bool, seed: int) -> Float[np.ndarray, "m pairs"]:
    """Return signs of pairs: all, up to a common sign that changes no statistic, or random ones."""
    if exact:
        count = 2 ** max(pairs - 1, 0)
        bits = np.arange(count)[:, None] >> np.arange(pairs)[None] & 1
        return 1.0 - 2.0 * bits
    flips = np.random.default_rng(seed).integers(0, 2, size=(draws, pairs), dtype=np.int8)
    return 1.0 - 2.0 * flips
