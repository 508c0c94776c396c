"""Motifs of general digraphs: counts of connected triads and tetrads, compared with chance."""

import zlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int64

from harness.sparse.graph import Digraph, LayeredGraph, why_uncalibrated
from harness.stats import benjamini_hochberg

from ._classes import Edge, image
from ._scores import scored, significance_profile
from ._switching import SWITCHES_PER_EDGE, Switched, switched

if TYPE_CHECKING:
    import pandas as pd

DIGRAPH_ORDERS = (2, 3)
_STREAM = zlib.crc32(b"switched digraphs")

Census = dict[str, Int64[np.ndarray, "*batch"]]


def census(graph: Digraph, orders: Sequence[int] = DIGRAPH_ORDERS) -> Census:
    """Count the sets of 3 and of 4 nodes that induce each connected digraph: 13 and 199 classes.

    Triads are named by their mutual, asymmetric and null pairs and a letter (Holland and Leinhardt
    1976; letters as in igraph: 111D is a<->b<-c, 111U is a<->b->c, 120D is b<-a->c with b<->c);
    tetrads by the same three numbers and their least list of edges, as in `132:01.02.10.13.23`.
    Connected means weakly connected. igraph's `motifs_randesu` (Wernicke 2006) counts about 10^7
    connected sets a second. Self-loops are ignored.

    **Arguments:** `graph` with any leading batch axes.

    **Returns:** for each class, by name, an int64 array of the batch's shape.

    **Errors:** ValueError for an order other than 2 or 3.
    """
    wires = np.asarray(graph.adjacency)
    _check(orders)
    batch = wires.shape[:-2]
    stacked = wires.reshape(-1, *wires.shape[-2:])
    names = [name for order in dict.fromkeys(orders) for name in connected_classes(order)]
    rows = np.array([_counted(network, orders) for network in stacked], np.int64)
    columns = rows.reshape(len(stacked), len(names)).T
    return {name: row.reshape(batch) for name, row in zip(names, columns, strict=True)}


def digraph_profile(
    graph: Digraph,
    *,
    draws: int = 100,
    keep_mutual: bool = False,
    seed: int = 0,
    orders: Sequence[int] = DIGRAPH_ORDERS,
    switches_per_edge: int = SWITCHES_PER_EDGE,
) -> "pd.DataFrame":
    """Compare each network's census with digraphs of the same in- and out-degrees.

    Null `degree` keeps every node's in- and out-degree; `degree-mutual` also keeps its mutual
    edges (see `switched`). Both put edges only where `graph.places` allows one. All draws start
    from a common graph, switched from the network, which is as far from each draw as from the
    network. Under the null the network is then a draw like any other, and p holds even for chains
    too short to mix (Besag and Clifford 1989, Biometrika 76:633). Draws do not keep triads: an
    excess of tetrads may only reflect one of their triads.

    **Arguments:** `graph` with at most one batch axis, the networks. A network's draws depend only
    on `seed`, its number and itself.

    **Returns:** a row per network and class. Columns:

    - network, order (nodes - 1), motif, count: induced copies; null, draws
    - expected, sd: mean and standard deviation of the draws; z is NaN if all draws are alike
    - log2_ratio: log2(count / expected), NaN if either is 0
    - p: two-sided, min(1, 2 (r+1)/(R+1)) for the smaller tail, so never below 2/(R+1); NaN if all
      draws have the network's count
    - q: Benjamini-Hochberg over the classes of one network and order
    - profile: z / sqrt(sum of z^2) over the same (Milo et al. 2004, Science 303:1538)
    - calibrated: whether p is valid for draws of the null; uncalibrated: why not, else empty. p and
      q are NaN if edges share weights or it is unknown which places can hold one
    - overlap: share of a draw's edges that its start has; overlap_between: the same for another
      draw, which is twice as many switches away. If overlap is larger, the chains have not mixed
    - self_loops: how many the network had; they are removed first

    **Errors:** ValueError for fewer than two draws, another order, or more batch axes.
    """
    import pandas as pd

    wires = np.asarray(graph.adjacency)
    _check(orders)
    if draws < 2:
        raise ValueError(f"{draws} draws give no standard deviation; take two or more")
    if wires.ndim not in (2, 3):
        raise ValueError(f"expected adjacency of shape (networks, n, n), not {wires.shape}")
    reason = why_uncalibrated(graph, "switched") or ""
    possible = None if graph.places is None else graph.places.numbers[0] >= 0
    step = partial(switched, keep_mutual=keep_mutual, possible=possible)
    tables = []
    for number, network in enumerate(wires.reshape(-1, *wires.shape[-2:])):
        rng = np.random.default_rng([_STREAM, seed, number, zlib.crc32(network.tobytes())])
        run = partial(step, rng=rng, switches_per_edge=switches_per_edge)
        table = _profile(network, run, draws, tuple(dict.fromkeys(orders)))
        null = "degree-mutual" if keep_mutual else "degree"
        table.insert(list(table).index("draws"), "null", null)
        table.insert(0, "network", number)
        tables.append(table)
    whole = pd.concat(tables, ignore_index=True).assign(calibrated=not reason, uncalibrated=reason)
    return whole.assign(p=np.nan, q=np.nan) if reason else whole


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


@cache
def connected_classes(order: int) -> dict[str, int]:
    """Return the names of an order's connected classes, each with its number in igraph."""
    import igraph

    size, known = order + 1, {}
    for number in range({3: 16, 4: 218}[size]):
        graph = igraph.Graph.Isoclass(n=size, cls=number, directed=True)
        if graph.is_connected(mode="weak"):
            known[_name(size, graph.get_edgelist())] = number
    # Few edges first.
    return dict(sorted(known.items(), key=lambda item: (-int(item[0][2]), item[0])))


def _check(orders: Sequence[int]) -> None:
    other = set(orders) - set(DIGRAPH_ORDERS)
    if other:
        raise ValueError(f"digraphs have a census of the orders 2 and 3, not {sorted(other)}")


def _name(size: int, edges: Sequence[Edge]) -> str:
    mutual = [edge for edge in edges if edge[::-1] in edges]
    single = [edge for edge in edges if edge[::-1] not in edges]
    pairs = (len(mutual) // 2, len(single))
    code = f"{pairs[0]}{pairs[1]}{size * (size - 1) // 2 - sum(pairs)}"
    if size == 3:
        return code + _letter(code, single, mutual)
    least = min(image(tuple(edges), relabeling) for relabeling in permutations(range(size)))
    return f"{code}:" + ".".join(f"{a}{b}" for a, b in least)


def _letter(code: str, single: Sequence[Edge], mutual: Sequence[Edge]) -> str:
    """Return down, up, cyclic or transitive, to distinguish triads of the same numbers of pairs."""
    sources, targets = ({edge[end] for edge in single} for end in (0, 1))
    if code == "030":
        return "C" if len(sources) == 3 else "T"
    if code == "111":
        return "U" if sources <= {node for edge in mutual for node in edge} else "D"
    if code in ("021", "120"):
        return "D" if len(sources) == 1 else "U" if len(targets) == 1 else "C"
    return ""


def _counted(wires: np.ndarray, orders: Sequence[int]) -> list[int]:
    """Return one network's counts, in the order of the names, without its self-loops."""
    import igraph

    clean = wires & ~np.eye(len(wires), dtype=bool)
    network = igraph.Graph(n=len(wires), edges=np.argwhere(clean), directed=True)
    row = []
    for order in dict.fromkeys(orders):
        by_class = network.motifs_randesu(order + 1, cut_prob=[0] * (order + 1))
        row += [int(by_class[number]) for number in connected_classes(order).values()]
    return row


def scored_classes(
    own: Int64[np.ndarray, " classes"],
    sampled: Int64[np.ndarray, "draws classes"],
    orders: Sequence[int],
) -> "pd.DataFrame":
    """Return a row per class of some orders: its count beside those of draws, q and profile."""
    import pandas as pd

    kinds = [(order, name) for order in orders for name in connected_classes(order)]
    table = pd.DataFrame(kinds, columns=["order", "motif"])
    scores, of = scored(own, sampled), table["order"].to_numpy()
    q = np.concatenate([benjamini_hochberg(scores["p"][of == order]) for order in orders])
    return table.assign(**scores, q=q, profile=significance_profile(scores["z"], of))


def _profile(
    network: np.ndarray,
    run: Callable[[np.ndarray], Switched],
    draws: int,
    orders: Sequence[int],
) -> "pd.DataFrame":
    """Return one network's rows. Each draw is counted and dropped: all could fill the memory."""
    clean = network & ~np.eye(len(network), dtype=bool)
    edges = int(clean.sum())
    centre = last = run(clean).adjacency
    sampled, overlaps, shared = [], [], []
    for _ in range(draws):
        draw = run(centre)
        sampled.append(_counted(draw.adjacency, orders))
        overlaps.append(draw.overlap)
        shared.append(int((draw.adjacency & last).sum()))
        last = draw.adjacency
    own = np.array(_counted(clean, orders), np.int64)
    return scored_classes(own, np.array(sampled, np.int64), orders).assign(
        draws=draws,
        overlap=np.mean(overlaps),
        # The first was compared with the centre, not with another draw.
        overlap_between=np.mean(shared[1:]) / edges if edges else np.nan,
        self_loops=int(network.sum()) - edges,
    )
