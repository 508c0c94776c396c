"""A network's counts compared with those of random networks, and classes with each other."""

import numpy as np
from jaxtyping import Float, Int


def scored(
    own: Int[np.ndarray, " rows"],
    drawn: Int[np.ndarray, "draws rows"],
    effective: Float[np.ndarray, " rows"] | None = None,
) -> dict[str, Float[np.ndarray, " rows"] | Int[np.ndarray, " rows"]]:
    """Return the columns count, expected, sd, z, log2_ratio and p of some counts, by their draws.

    z is NaN if all draws have the same count; the integers decide, so that rounding cannot give a
    constant some spread. p is two-sided, min(1, 2 * the smaller tail), each tail
    (r + 1) / (R + 1) of R draws, so never 0 (Phipson and Smyth 2010). It is a rank, NaN if all
    draws have the network's count. Correlated draws are worth fewer: `effective` of them, in
    proportion to which r and R are lowered.
    """
    draws = len(drawn)
    worth = draws if effective is None else effective
    varies = (drawn != drawn[:1]).any(0)
    expected = drawn.mean(0)
    sd = np.where(varies, drawn.std(0, ddof=1), 0.0) if draws > 1 else np.zeros(own.shape)
    z, ratio = np.full(own.shape, np.nan), np.full(own.shape, np.nan)
    np.divide(own - expected, sd, out=z, where=sd > 0)
    np.divide(own, expected, out=ratio, where=(own > 0) & (expected > 0))
    smaller_tail = np.minimum((drawn <= own).sum(0), (drawn >= own).sum(0))
    p = np.minimum(1.0, 2 * (smaller_tail * (worth / draws) + 1) / (worth + 1))
    defined = (drawn != own).any(0)
    return {
        "count": own,
        "expected": expected,
        "sd": sd,
        "z": z,
        "log2_ratio": np.log2(ratio),
        "p": np.where(defined, p, np.nan),
    }


def error_of_z(
    z: Float[np.ndarray, " rows"], effective: Float[np.ndarray, " rows"] | int
) -> Float[np.ndarray, " rows"]:
    """Return the Monte-Carlo standard error of z, from so many independent draws of about a normal.

    That of the mean is 1, that of the standard deviation z / sqrt(2), each over their root.
    """
    return np.sqrt((1 + z**2 / 2) / effective)


def significance_profile(
    z: Float[np.ndarray, "*networks rows"], order: Int[np.ndarray, " rows"]
) -> Float[np.ndarray, "*networks rows"]:
    """Return z / sqrt(sum of z^2) over the defined classes of each order (Milo et al. 2004)."""
    shares = np.full(z.shape, np.nan)
    for one in np.unique(order):
        family = np.flatnonzero(order == one)
        length = np.sqrt(np.nansum(z[..., family] ** 2, -1, keepdims=True))
        defined = length > 0
        shares[..., family] = np.divide(
            z[..., family], length, out=np.full(z[..., family].shape, np.nan), where=defined
        )
    return shares
