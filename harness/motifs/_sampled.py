"""Significance by sampling, under nulls whose moments are not known exactly."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import jax
import numpy as np
from jaxtyping import Int

from ..graph import LayeredGraph
from ..stats import benjamini_hochberg
from ._classes import classes
from ._conventions import PUBLISHED, published_counts
from ._counts import Counts, counts
from ._nulls import draws, overlap
from ._scores import scored, significance_profile
from ._significance import TOTAL
from ._supports import Support, check_supports, supported

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 64  # draws that one thread has in memory
_THREADS = min(4, os.cpu_count() or 1)


def sampled_profile(
    graph: LayeredGraph,
    null: str,
    *,
    number: int = 1000,
    orders: Sequence[int] = (2, 3),
    names: Sequence[str] | None = None,
    support: Support = "all",
    seed: int = 0,
    convention: Literal["copies", "published"] = "copies",
    on: Literal["host", "device"] = "host",
) -> "pd.DataFrame":
    """Counts of every motif class against random networks from a null model (see `draws`).

    **Arguments:** `graph` with one leading batch axis, the networks; `number` of draws for each;
    `names` of some classes, if not all of the `orders` are wanted. Draws are of the whole network;
    on another `support` each of them is cut down as the network itself is, and then counted: so
    that p is calibrated there, too. With `convention="published"` the network and its draws are
    counted as Zahn, Daniel and Kutz (2024) did, ghost and dead nodes cut off, and `orders`, `names`
    and `support` are not asked. The draws of a network depend on `seed` and its place in the batch.

    **Returns:** a row per network, motif and base layer, and one with base_layer = -1 for the sum
    over base layers. Columns:

    - network, support, bias, null, draws, convention, order, motif, base_layer: what the row is
      about; bias units count as nodes in the published convention only
    - calibrated: whether p holds for draws of the null; not for `published`, which draws over nodes
      chosen after looking
    - overlap: share of the network's edges that its draws have too, mean over draws and edges
    - count, expected, sd, z: the count, mean and standard deviation of the draws; z is NaN where
      all draws have one and the same count, which is seen on the integers
    - log2_ratio: log2(count / expected), NaN where either is 0
    - p: two-sided, min(1, 2 * the smaller tail), each tail (r + 1) / (R + 1), so never 0
      (Phipson and Smyth 2010); NaN where all draws have the network's count

    and, in summed rows only (else NaN):

    - profile: z / sqrt(sum of z^2) over the defined classes of one network and order
    - q: p after Benjamini and Hochberg, over the defined classes of one network, all orders

    z has a Monte-Carlo error of about z / sqrt(2 R). **Errors:** as of `draws` and `counts`.
    """
    import pandas as pd

    published = convention == "published"
    count = published_counts if published else _counter(orders, names, support, on)
    order_of = _PUBLISHED_ORDERS if published else _orders_of(orders, names)
    tables = []
    for place, one in enumerate(_networks(graph)):
        drawn, shared = _counted_draws(one, null, number, (seed, place), count, on)
        table = _table(count(jax.tree.map(lambda leaf: leaf[None], one)), drawn, order_of)
        tables.append(table.assign(network=place, overlap=shared))
    return pd.concat(tables, ignore_index=True).assign(
        support="live-published" if published else support,
        bias=published and graph.bias is not None,
        calibrated=null != "published",
        null=null,
        draws=number,
        convention=convention,
    )


def _counter(
    orders: Sequence[int],
    names: Sequence[str] | None,
    support: Support,
    on: Literal["host", "device"],
) -> Callable[[LayeredGraph], Counts]:
    check_supports([support])
    return lambda graph: counts(supported(graph, support)[0], orders, names=names, on=on)


def _orders_of(orders: Sequence[int], names: Sequence[str] | None) -> dict[str, int]:
    known = [motif for order in sorted(set(orders)) for motif in classes(order)]
    return {motif.name: motif.order for motif in known if names is None or motif.name in names}


def _table(
    own: Counts, drawn: Mapping[str, Int[np.ndarray, "draws _rows"]], order_of: Mapping[str, int]
) -> "pd.DataFrame":
    """The rows of one network."""
    import pandas as pd

    rows = []
    for name, order in order_of.items():
        counted = _with_sum(own[name])[0]
        base_layers = [TOTAL, *range(len(counted) - 1)]
        one = pd.DataFrame(scored(counted, drawn[name]))
        rows.append(one.assign(order=order, motif=name, base_layer=base_layers))
    return _families(pd.concat(rows, ignore_index=True))


_PUBLISHED_ORDERS = {
    name: 2 if name in ("diverge2", "converge2", "chain2_pairs") else 3 for name in PUBLISHED
}


def _networks(graph: LayeredGraph) -> list[LayeredGraph]:
    """Each network of a batch by itself."""
    if any(np.ndim(wires) != 3 for wires in graph.adjacency):
        shapes = [tuple(np.shape(wires)) for wires in graph.adjacency]
        raise ValueError(f"expected adjacency of shape (networks, n_in, n_out), not {shapes}")
    host = jax.tree.map(np.asarray, graph)
    networks = graph.adjacency[0].shape[0]
    return [jax.tree.map(lambda leaf, at=place: leaf[at], host) for place in range(networks)]


def _counted_draws(
    one: LayeredGraph,
    null: str,
    number: int,
    seed: tuple[int, int],
    count: Callable[[LayeredGraph], Counts],
    on: Literal["host", "device"],
) -> tuple[dict[str, Int[np.ndarray, "draws _rows"]], float]:
    """The counts of the draws of one network, and their overlap with it.

    A block at a time in every thread. Each block has a seed of its own: threads change no number.
    """

    def block(start: int) -> tuple[Counts, float]:
        some = draws(one, null, min(_AT_ONCE, number - start), seed=(*seed, start), on=on)
        # Draws of `published` are over other nodes.
        return count(some), _overlap(one, some) if null != "published" else float("nan")

    starts = range(0, number, _AT_ONCE)
    with ThreadPoolExecutor(_THREADS) as threads:
        found, shares = zip(*threads.map(block, starts), strict=True)
    joined = {
        name: _with_sum(np.concatenate([counted[name] for counted in found])) for name in found[0]
    }
    return joined, float(np.average(shares, weights=[min(_AT_ONCE, number - n) for n in starts]))


def _overlap(one: LayeredGraph, some: LayeredGraph) -> float:
    """The mean share of the whole network's edges that its draws have."""
    edges = [int(wires.sum()) for wires in one.adjacency]
    shares = [share * m for share, m in zip(overlap(one, some), edges, strict=True) if m]
    return sum(shares) / max(1, sum(edges))


def _with_sum(found: Int[np.ndarray, "batch base_layers"]) -> Int[np.ndarray, "batch rows"]:
    return np.concatenate([found.sum(-1, keepdims=True), found], 1)


def _families(table: "pd.DataFrame") -> "pd.DataFrame":
    """The columns that compare the classes of one network."""
    family = np.flatnonzero(table["base_layer"] == TOTAL)
    shares, q = np.full(len(table), np.nan), np.full(len(table), np.nan)
    z, p = (table[name].to_numpy(dtype=float)[family] for name in ("z", "p"))
    shares[family] = significance_profile(z, table["order"].to_numpy()[family])
    q[family] = benjamini_hochberg(p)
    return table.assign(profile=shares, q=q)
