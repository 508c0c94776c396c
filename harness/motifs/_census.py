"""Motifs of general digraphs: counts of connected triads and tetrads, compared with chance."""

import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int64

from harness import progress
from harness.sparse.edges import SparseDigraph, sparse_digraphs
from harness.sparse.graph import Digraph, LayeredGraph, why_uncalibrated
from harness.stats import benjamini_hochberg

from ._digraph_classes import TRIAD_NAMES
from ._rounds import THREADS, enough_rounds, shared
from ._scores import scored, significance_profile
from ._switching import Places, switched
from ._tetrads import tetrad_names, tetrads
from ._triads import connected_triads

if TYPE_CHECKING:
    import pandas as pd

DIGRAPH_ORDERS = (2, 3)
_STREAM = zlib.crc32(b"switched digraphs")
_SMALL, _MOST_TOGETHER = 2**15, 64
"""The edges, and the draws, of one block of draws: a block has 2 draws or more."""
_QUIET_SECONDS = 2.0

Census = dict[str, Int64[np.ndarray, "*batch"]]


def census(
    graph: Digraph | Sequence[SparseDigraph], orders: Sequence[int] = DIGRAPH_ORDERS
) -> Census:
    """Count the sets of 3 and of 4 nodes that induce each connected digraph: 13 and 199 classes.

    Triads are named by their mutual, asymmetric and null pairs and a letter (Holland and Leinhardt
    1976; letters as in igraph: 111D is a<->b<-c, 111U is a<->b->c, 120D is b<-a->c with b<->c);
    tetrads by the same three numbers and their least list of edges, as in `132:01.02.10.13.23`.
    Connected means weakly connected. Self-loops are ignored. Tetrads need igraph.

    **Arguments:** `graph` with any leading batch axes, or some networks by their edges.

    **Returns:** for each class, by name, an int64 array of the batch's shape.

    **Errors:** ValueError for an order other than 2 or 3; UserError for tetrads without igraph.
    """
    _check(orders)
    networks = sparse_digraphs(graph)
    batch = np.shape(graph.adjacency)[:-2] if isinstance(graph, Digraph) else (len(networks),)
    names = [name for order in dict.fromkeys(orders) for name in connected_classes(order)]
    columns = _counted(networks, orders).T
    return {name: row.reshape(batch) for name, row in zip(names, columns, strict=True)}


def digraph_profile(
    graph: Digraph | Sequence[SparseDigraph],
    *,
    draws: int = 100,
    keep_mutual: bool = False,
    seed: int = 0,
    orders: Sequence[int] = DIGRAPH_ORDERS,
) -> "pd.DataFrame":
    """Compare each network's census with digraphs of the same in- and out-degrees.

    Null `degree` keeps every node's in- and out-degree; `degree-mutual` also keeps its mutual
    edges (see `switched`). Both put edges only where `graph.places` allows one. All draws start
    from a common graph, switched from the network, which is as far from each draw as from the
    network (Besag and Clifford 1989, Biometrika 76:633). `enough_rounds` finds how far. Draws do
    not keep triads: an excess of tetrads may only reflect one of their triads.

    **Arguments:** `graph` with at most one batch axis, or some networks by their edges. A network's
    draws depend only on `seed`, its number and itself.

    **Returns:** a row per network and class. Columns:

    - network, order (nodes - 1), motif, count: induced copies; null, draws
    - expected, sd: mean and standard deviation of the draws; z is NaN if all draws are alike
    - log2_ratio: log2(count / expected), NaN if either is 0
    - p: two-sided, min(1, 2 (r+1)/(R+1)) for the smaller tail, so never below 2/(R+1); NaN if all
      draws have the network's count
    - q: Benjamini-Hochberg over all classes of one network
    - profile: z / sqrt(sum of z^2) over the classes of one network and order (Milo et al. 2004,
      Science 303:1538)
    - calibrated: whether p is valid for draws of the null; uncalibrated: why not, else empty. p and
      q are NaN if edges share weights, if it is unknown which places can hold one, or if the chains
      had not mixed
    - rounds of each draw; mixed: whether chains of that length had mixed
    - overlap: share of a draw's edges that its start has; overlap_between: the same for another
      draw, which is twice as many rounds away
    - self_loops: how many the network had; they are removed first

    **Errors:** ValueError for fewer than two draws, another order, or more batch axes; UserError
    for tetrads without igraph.
    """
    import pandas as pd

    _check(orders)
    if draws < 2:
        raise ValueError(f"{draws} draws give no standard deviation; take two or more")
    reason, possible, loops = "", None, np.zeros(1, np.int64)
    if isinstance(graph, Digraph):
        reason, possible, loops = _of_matrix(graph)
    networks = sparse_digraphs(graph)
    orders, tables = tuple(dict.fromkeys(orders)), []
    for number, network in enumerate(networks):
        stream = [_STREAM, seed, number, zlib.crc32(network.keys.tobytes())]
        with progress.within(network=number + 1, networks=len(networks)):
            table = _profile(network, draws, orders, stream, keep_mutual, possible)
        why, own_loops = reason or _why_unmixed(table), loops[number % len(loops)]
        facts = {"network": number, "uncalibrated": why, "self_loops": own_loops}
        table = table.assign(calibrated=not why, **facts)
        tables.append(table.assign(p=np.nan, q=np.nan) if why else table)
    whole = pd.concat(tables, ignore_index=True)
    return whole.assign(null="degree-mutual" if keep_mutual else "degree", draws=draws)


def _of_matrix(graph: Digraph) -> tuple[str, Places | None, Int64[np.ndarray, " networks"]]:
    """Return why p is not calibrated, the places that can hold an edge, and the self-loops."""
    wires = np.asarray(graph.adjacency)
    if wires.ndim not in (2, 3):
        raise ValueError(f"expected adjacency of shape (networks, n, n), not {wires.shape}")
    possible = None if graph.places is None else graph.places.numbers[0] >= 0
    loops = np.trace(wires, axis1=-2, axis2=-1, dtype=np.int64).reshape(-1)
    return why_uncalibrated(graph, "switched") or "", possible, loops


def _why_unmixed(table: "pd.DataFrame") -> str:
    mixed, rounds = table[["mixed", "rounds"]].iloc[0]
    return "" if mixed else f"the chains had not mixed after {rounds} rounds of switches"


def layered_part(graph: Digraph, layers: Sequence[Bool[np.ndarray, " n"]]) -> LayeredGraph:
    """Return a layered graph of the edges from each of some sets of nodes to the next.

    For instance a connectome by cell types: inputs, the cells that they reach, outputs. Edges
    within a set, backwards, or past a set are left out.

    **Arguments:** `layers`, two or more disjoint sets of nodes, each (n,); within a layer nodes
    keep their order.

    **Errors:** ValueError if sets share nodes or there are fewer than two.
    """
    if len(layers) < 2:
        raise ValueError(f"a layered graph has two layers of nodes or more, not {len(layers)}")
    if (np.sum(layers, axis=0) > 1).any():
        raise ValueError("a node is in two layers; put each node in one layer at most")
    wires = np.asarray(graph.adjacency)
    return LayeredGraph(tuple(wires[..., a, :][..., b] for a, b in pairwise(layers)))


def connected_classes(order: int) -> tuple[str, ...]:
    """Return the names of an order's connected classes, those with few edges first."""
    return TRIAD_NAMES if order == 2 else tuple(tetrad_names())


def _check(orders: Sequence[int]) -> None:
    other = set(orders) - set(DIGRAPH_ORDERS)
    if other:
        raise ValueError(f"digraphs have a census of the orders 2 and 3, not {sorted(other)}")


def _counted(
    networks: Sequence[SparseDigraph], orders: Sequence[int]
) -> Int64[np.ndarray, "networks classes"]:
    """Return the counts of some networks, in the order of the names."""
    counters = {2: connected_triads, 3: tetrads}
    return np.concatenate([counters[order](networks) for order in dict.fromkeys(orders)], 1)


def scored_classes(
    own: Int64[np.ndarray, " classes"],
    sampled: Int64[np.ndarray, "draws classes"],
    orders: Sequence[int],
) -> "pd.DataFrame":
    """Return a row per class of some orders: its count beside those of draws, q and profile."""
    import pandas as pd

    kinds = [(order, name) for order in orders for name in connected_classes(order)]
    table = pd.DataFrame(kinds, columns=["order", "motif"])
    scores = scored(own, sampled)
    shares = significance_profile(scores["z"], table["order"].to_numpy())
    return table.assign(**scores, q=benjamini_hochberg(scores["p"]), profile=shares)


def _profile(
    network: SparseDigraph,
    draws: int,
    orders: Sequence[int],
    stream: Sequence[int],
    keep_mutual: bool,
    possible: Places | None,
) -> "pd.DataFrame":
    """Return one network's rows. Draws are counted and dropped: all could fill the memory."""
    began, edges = time.monotonic(), len(network.sources)
    size = min(max(2, _SMALL // max(1, edges)), _MOST_TOGETHER)
    of_rounds, of_centre, *of_blocks = np.random.SeedSequence(stream).spawn(2 + -(-draws // size))
    chain = enough_rounds(network, of_rounds, keep_mutual=keep_mutual, possible=possible)
    run = partial(switched, rounds=chain.number, keep_mutual=keep_mutual, possible=possible)
    (centre,) = run(network, np.random.default_rng(of_centre))
    sizes = [min(size, draws - start) for start in range(0, draws, size)]
    counts, overlaps, between = [], [], []
    with ThreadPoolExecutor(THREADS) as pool:

        def block(
            number: int, seed: np.random.SeedSequence
        ) -> tuple[np.ndarray, list[int], list[int]]:
            drawn = run(centre, np.random.default_rng(seed), number=number)
            keys = [one.keys for one in drawn]
            pairs = [shared(a, b) for a, b in pairwise(keys)]
            own = [shared(centre.keys, one) for one in keys]
            return _counted(drawn, orders), own, pairs

        for some, own, pairs in pool.map(block, sizes, of_blocks):
            counts.append(some)
            overlaps += own
            between += pairs
            passed = time.monotonic() - began
            if passed > _QUIET_SECONDS:
                left = passed * (draws / len(overlaps) - 1)
                progress.update("counting draws", len(overlaps), draws, seconds_left=left)
    table = scored_classes(_counted([network], orders)[0], np.concatenate(counts), orders)
    return table.assign(
        rounds=chain.number,
        mixed=chain.mixed,
        overlap=np.mean(overlaps) / edges if edges else np.nan,
        overlap_between=np.mean(between) / edges if edges else np.nan,
    )
