"""Motif counts given those of all lower orders, by exact covariances of the `layered` null."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from harness.sparse.graph import LayeredGraph, edge_counts

from ._classes import classes
from ._counts import counts
from ._moments import Moments, covariances, moments
from ._significance import identity, scored_moments, with_families
from ._supports import supported

if TYPE_CHECKING:
    import pandas as pd

GIVEN_LOWER = "layered-given-lower"
"""The null of rows that compare counts with those expected from counts of lower orders."""
_DESCRIPTIVE = "a linear prediction from lower orders; unequal degrees alone can move z from 0"
_LOST = 1e-9
"""A share of a variance, or of the largest eigenvalue, that counts as 0: what rounding leaves."""


def given_lower_profile(
    graph: LayeredGraph, *, support: str = "all", orders: Sequence[int] = (4,)
) -> "pd.DataFrame":
    """Compare each count with the best linear prediction from all counts of lower orders.

    With x the count of a class, y those of all classes of orders from 2 to below its own, m their
    means and S their covariances under the null `layered`, all exact,

        expected = m_x + S_xy S_yy^-1 (y - m_y),  sd^2 = S_xx - S_xy S_yy^-1 S_yx.

    Classes of y that depend linearly on others count once. The result is descriptive: under the
    null z has mean 0 and variance 1, but in networks of unequal degrees prediction is not linear.
    Order 2 has no lower orders and is left out.

    **Arguments:** `graph` with one leading batch axis, the networks; `support` as in `supported`.

    **Returns:** the columns of `profile` but those of induced counts and base layers: a row per
    network and class, summed over base layers. No row is calibrated. z is NaN where lower orders
    determine the count.

    **Errors:** as in `profile`.
    """
    import pandas as pd

    part, nodes = supported(graph, support)
    edges, top = edge_counts(part), max(orders)
    lower = range(2, top + 1)
    copies, null = counts(part, lower), moments(nodes, edges, lower)
    every = covariances(nodes, edges, lower)
    known = [motif for order in lower for motif in classes(order)]
    count = np.stack([copies[motif.name].sum(-1) for motif in known], -1)
    mean = np.stack([null[motif.name].total_mean for motif in known], -1)
    blocks = []
    for place, motif in enumerate(known):
        given = [n for n, other in enumerate(known) if other.order < motif.order]
        if motif.order not in orders or not given:
            continue
        weights, variance = _predicted(every, place, given)
        expected = mean[:, place] + (weights * (count - mean)[:, given]).sum(-1)
        sd = np.sqrt(variance)
        block = identity(motif, GIVEN_LOWER, support, False, _DESCRIPTIVE, len(count), 0)
        found = Moments(expected[:, None], sd[:, None], expected, sd)
        scores = scored_moments(count[:, place, None], found)
        blocks.append(block | {name: values[:, :1] for name, values in scores.items()})
    columns = {key: np.concatenate([block[key] for block in blocks], 1) for key in blocks[0]}
    return pd.DataFrame({key: value.ravel() for key, value in with_families(columns).items()})


def _predicted(
    every: Float[np.ndarray, "networks classes classes"], place: int, given: list[int]
) -> tuple[Float[np.ndarray, "networks lower"], Float[np.ndarray, " networks"]]:
    """Return the weights of the lower counts in a prediction, and the variance that it leaves."""
    inner, outer = every[:, given][:, :, given], every[:, place, given]
    sd = np.sqrt(np.diagonal(inner, axis1=1, axis2=2))
    scale = np.divide(1, sd, out=np.zeros_like(sd), where=sd > 0)
    correlations = inner * scale[:, :, None] * scale[:, None]
    inverse = np.linalg.pinv(correlations, rcond=_LOST, hermitian=True)
    weights = np.einsum("nij,nj->ni", inverse, outer * scale) * scale
    whole = every[:, place, place]
    left = whole - (weights * outer).sum(-1)
    return weights, np.where(left > _LOST * whole, left, 0.0)
