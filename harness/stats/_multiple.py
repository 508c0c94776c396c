"""P-values for families of tests."""

import numpy as np
from jaxtyping import Float


def benjamini_hochberg(p: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Return adjusted p-values (q) of one family of tests; NaN entries stay NaN and do not count.

    Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289: q of the i-th smallest of m values is
    the minimum of m·p_j / j over j ≥ i.
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
