"""Motif counts of networks, compared with moments that are computed from degrees, not drawn."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from harness.sparse.graph import LayeredGraph, why_uncalibrated

from ._classes import MotifClass, classes
from ._counts import counts
from ._degree_approx import LINEAR, approximate_moments
from ._edge_probabilities import configuration_model
from ._independent import independent_moments
from ._moments import Moments
from ._significance import CHOSEN_NODES, identity, scored_moments, with_families
from ._supports import supported

if TYPE_CHECKING:
    import pandas as pd

DEGREES_FLUCTUATE = (
    "degrees fluctuate, so sd is 2.5 to 67 times that of `degree` and means differ; "
    "this does not replace `degree`"
)
"""Why z under `independent` is not calibrated."""
PREVIEW = "a preview, not a test: no p"
"""Why z under `degree-approx` is not calibrated."""

Model = Callable[
    [Sequence[Bool[np.ndarray, "_sources _targets"]]],
    Sequence[Float[np.ndarray, "_sources _targets"]],
]
"""Returns the probabilities of a network's edges, by layer, from its edges."""


def of_degrees(wires: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the probabilities of the bipartite configuration model of each layer."""
    return [configuration_model(layer.sum(1), layer.sum(0)) for layer in wires]


def independent_profile(
    graph: LayeredGraph,
    *,
    support: str = "all",
    orders: Sequence[int] = (2, 3),
    model: Model = of_degrees,
) -> "pd.DataFrame":
    """Compare each motif count with its exact moments if edges are independent.

    By default each node has its observed in- and out-degrees in the mean only. The result describes
    the network and does not replace `degree`: degrees fluctuate, so sd is 2.5 to 67 times larger,
    and means differ too. Bias edges are not counted.

    **Arguments:** `graph` with one leading batch axis, the networks; `support` as in `supported`;
    `model` for other probabilities, such as those of `block_model`.

    **Returns:** the rows and columns of `profile`, without those of induced counts. No row is
    calibrated, so p and q are NaN. z is also NaN for classes that degrees determine (all edges
    share a node), and those with sd 0.

    **Errors:** ValueError for an unknown support or order; OverflowError as in `counts`.
    """
    known = [motif for order in sorted(set(orders)) for motif in classes(order)]

    def nulls(wires: Sequence[np.ndarray]) -> Mapping[str, Moments]:
        return independent_moments(model(wires), orders)

    return _described(graph, "independent", support, known, nulls, DEGREES_FLUCTUATE)


def degree_approx_profile(graph: LayeredGraph, *, support: str = "all") -> "pd.DataFrame":
    """Compare chain3, zigzag, fork_tail and merge_tail with about their moments under `degree`.

    A preview: nothing is drawn, and there is no p. Means are right to 0.09 sd, sds to 5 %
    (`approximate_moments`). On another support than `all` degrees are those among its nodes.

    **Arguments, returns and errors:** as for `independent_profile`, for these four classes.
    """
    known = [motif for motif in classes(3) if motif.name in LINEAR]
    return _described(graph, "degree-approx", support, known, approximate_moments, PREVIEW)


def _described(
    graph: LayeredGraph,
    null: str,
    support: str,
    known: Sequence[MotifClass],
    nulls: Callable[[Sequence[np.ndarray]], Mapping[str, Moments]],
    reason: str,
) -> "pd.DataFrame":
    """Return the rows of some classes, none of them calibrated."""
    import pandas as pd

    part, _ = supported(graph, support)
    reasons = [why_uncalibrated(graph, "degree"), reason]
    reasons += [] if support == "all" else [CHOSEN_NODES]
    reason = "; ".join(one for one in reasons if one)
    copies = counts(part, [motif.order for motif in known], names=[motif.name for motif in known])
    layers = [np.asarray(wires) for wires in part.adjacency]
    moments = [nulls(network) for network in zip(*layers, strict=True)]
    blocks = []
    for motif in known:
        found = copies[motif.name]
        block = identity(motif, null, support, False, reason, *found.shape)
        block |= scored_moments(found, _stacked([one[motif.name] for one in moments]))
        if determined_by_degrees(motif):
            block["z"] = np.full(block["z"].shape, np.nan)
        blocks.append(block)
    columns = {key: np.concatenate([block[key] for block in blocks], 1) for key in blocks[0]}
    return pd.DataFrame({key: value.ravel() for key, value in with_families(columns).items()})


def determined_by_degrees(motif: MotifClass) -> bool:
    """Return whether a network's degrees fix the count: one node is at an end of every edge."""
    return bool(set.intersection(*map(set, motif.edges)))


def _stacked(moments: Sequence[Moments]) -> Moments:
    """Return the moments of several networks with a leading axis."""
    names = "mean", "sd", "total_mean", "total_sd"
    return Moments(*(np.stack([getattr(one, name) for one in moments]) for name in names))
