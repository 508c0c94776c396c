"""Motifs of digraphs against draws from a null model that is given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.sparse.graph import Digraph

from ._census import DIGRAPH_ORDERS, census, connected_classes, scored_classes
from ._nulls import OwnNull

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 32  # draws in memory


def drawn_digraph_profile(
    graph: Digraph,
    null: OwnNull[Digraph],
    draws: int,
    orders: Sequence[int] = DIGRAPH_ORDERS,
    *,
    seed: int = 0,
) -> "pd.DataFrame":
    """Return the census of each network against draws of a null, under which p is taken to hold.

    **Arguments:** `graph` with one batch axis, the networks; `draws` for each, which depend on
    `seed` and the network's place.

    **Returns:** a row per network and class, with the columns of `digraph_profile` but those about
    chains: overlap is the share of the network's edges that its draws have.
    """
    import pandas as pd

    wires = np.asarray(graph.adjacency)
    own = census(graph, orders)
    names = [name for order in orders for name in connected_classes(order)]
    tables = []
    for place, network in enumerate(wires):
        drawn, shares = [], []
        for start in range(0, draws, _AT_ONCE):
            some = null.draw(place, min(_AT_ONCE, draws - start), (seed, place, start))
            counted = census(some, orders)
            drawn.append(np.stack([counted[name] for name in names], axis=-1))
            shares.append((np.asarray(some.adjacency) & network).sum((-2, -1)))
        counts = np.array([own[name][place] for name in names], np.int64)
        shared = float(np.concatenate(shares).mean()) / max(1, int(network.sum()))
        table = scored_classes(counts, np.concatenate(drawn), orders)
        tables.append(table.assign(network=place, overlap=shared))
    return pd.concat(tables, ignore_index=True).assign(
        null=null.name, draws=draws, calibrated=True, uncalibrated=""
    )
