"""Triads through each node and each edge of a digraph, beside draws that keep degrees."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Int64

from harness.sparse.edges import SparseDigraph

from ._digraph_classes import TRIAD_NAMES, class_name, triangle_edges, triangles
from ._participation import NodeScores
from ._rounds import Rounds, enough_rounds
from ._switching import switched
from ._triads import Pairs, by_degree, each_triangle, pairs_of

_OPEN = {
    **{(1, 1): "021D", (2, 2): "021U", (3, 3): "201"},
    **{(1, 2): "021C", (1, 3): "111U", (2, 3): "111D"},
}
"""The triad of two pairs at a node, each of which is 1 if it leaves the node, 2 if it enters it, 3
if it does both."""

_AT_ONCE = 8  # draws in memory


@dataclass(frozen=True, eq=False)
class TriadParticipation:
    """Induced triads of each class, by `TRIAD_NAMES`, that hold each node, and each edge."""

    nodes: Int64[np.ndarray, "13 nodes"]
    edges: Int64[np.ndarray, "13 edges"]


def triad_participation(digraph: SparseDigraph) -> TriadParticipation:
    """Count the induced triads of each class through each node and each edge.

    Both edges of a mutual pair are in the same triads. Pairs of pairs at a node are counted first,
    as the triads that they are if they are not closed; then each triangle is moved to its class.
    """
    pairs = pairs_of([digraph])
    by_node, by_pair = _open(pairs)
    _close(pairs, by_node, by_pair)
    low, high = (pick(digraph.sources, digraph.targets) for pick in (np.minimum, np.maximum))
    place = np.searchsorted(_keys(pairs), low * digraph.nodes + high)
    return TriadParticipation(by_node, by_pair[:, place])


def digraph_participation(
    digraph: SparseDigraph,
    *,
    number: int = 100,
    keep_mutual: bool = False,
    seed: Sequence[int] = (0,),
) -> tuple[dict[str, NodeScores], dict[str, float], Rounds]:
    """Compare the triads through each node with those in draws of the null `degree`.

    **Arguments:** `number` of draws; with `keep_mutual` they keep each node's mutual edges too.

    **Returns:** the scores of each triad, by name; the mean number of triads through an edge of the
    draws; and the rounds of each draw. If these had not mixed the chain, z is no valid comparison.
    """
    of_rounds, of_centre, of_draws = np.random.SeedSequence([*seed]).spawn(3)
    chain = enough_rounds(digraph, of_rounds, keep_mutual=keep_mutual)
    (centre,) = switched(
        digraph, np.random.default_rng(of_centre), rounds=chain.number, keep_mutual=keep_mutual
    )
    rng, drawn, by_edge = np.random.default_rng(of_draws), [], []
    for start in range(0, number, _AT_ONCE):
        size = min(_AT_ONCE, number - start)
        for one in switched(centre, rng, number=size, rounds=chain.number, keep_mutual=keep_mutual):
            found = triad_participation(one)
            drawn.append(found.nodes)
            by_edge.append(found.edges.mean(1) if found.edges.size else np.zeros(len(TRIAD_NAMES)))
    own, every = triad_participation(digraph).nodes, np.array(drawn)
    mean, sd = every.mean(0), every.std(0, ddof=1)
    z = np.divide(own - mean, sd, out=np.full(sd.shape, np.nan), where=sd > 0)
    scores = {
        name: NodeScores(own[row], mean[row], sd[row], z[row])
        for row, name in enumerate(TRIAD_NAMES)
    }
    means = np.mean(by_edge, 0)
    return scores, dict(zip(TRIAD_NAMES, means.tolist(), strict=True)), chain


def _keys(pairs: Pairs) -> Int64[np.ndarray, " pairs"]:
    return pairs.low * pairs.nodes + pairs.high


@cache
def _looks() -> Int64[np.ndarray, "4 4"]:
    """Return the class of two pairs at a node by their kinds."""
    table = np.zeros((4, 4), np.int64)
    for (one, other), name in _OPEN.items():
        table[one, other] = table[other, one] = TRIAD_NAMES.index(name)
    return table


def _open(
    pairs: Pairs,
) -> tuple[Int64[np.ndarray, "13 nodes"], Int64[np.ndarray, "13 pairs"]]:
    """Count the pairs of pairs at a node, by node and by pair, closed or not."""
    nodes, looks = pairs.nodes, _looks()
    by_node = np.zeros((len(TRIAD_NAMES), nodes), np.int64)
    by_pair = np.zeros((len(TRIAD_NAMES), len(pairs.kind)), np.int64)
    seen = pairs.kind, np.where(pairs.kind == 3, 3, 3 - pairs.kind)
    at = np.zeros((4, nodes), np.int64)
    for ends, kind in zip((pairs.low, pairs.high), seen, strict=True):
        for one in (1, 2, 3):
            at[one] += np.bincount(ends[kind == one], minlength=nodes)
    for one, other in _OPEN:
        same = one == other
        by_node[looks[one, other]] += at[one] * (at[other] - same) // (1 + same)
    for side, (centre, end) in enumerate(((pairs.low, pairs.high), (pairs.high, pairs.low))):
        for one in (1, 2, 3):
            some = np.flatnonzero(seen[side] == one)
            for other in (1, 2, 3):
                more = at[other][centre[some]] - (one == other)
                by_pair[looks[one, other], some] += more
                # Sums of float64 are exact below 2**53.
                added = np.bincount(end[some], more, minlength=nodes)
                by_node[looks[one, other]] += added.astype(np.int64)
    return by_node, by_pair


@cache
def _triangle_classes() -> tuple[Int64[np.ndarray, " 64"], Int64[np.ndarray, "3 64"]]:
    """Return the class of each triangle, and of what is left without each of its pairs."""
    whole, without = np.zeros(64, np.int64), np.zeros((3, 64), np.int64)
    for kinds, name in triangles().items():
        code = kinds[0] | kinds[1] << 2 | kinds[2] << 4
        whole[code] = TRIAD_NAMES.index(name)
        for gone in range(3):
            left = [0 if place == gone else kind for place, kind in enumerate(kinds)]
            without[gone, code] = TRIAD_NAMES.index(class_name(3, triangle_edges(left)))
    return whole, without


def _close(
    pairs: Pairs,
    by_node: Int64[np.ndarray, "13 nodes"],
    by_pair: Int64[np.ndarray, "13 pairs"],
) -> None:
    """Count each triangle as its class instead of as three open triads, in place."""
    whole, without = _triangle_classes()
    ordered, node = by_degree(pairs)
    keys = _keys(ordered)
    ends = node[ordered.low], node[ordered.high]
    place = np.searchsorted(_keys(pairs), np.minimum(*ends) * pairs.nodes + np.maximum(*ends))
    for code, first, second in each_triangle(ordered):
        low, middle, high = ordered.low[first], ordered.high[first], ordered.high[second]
        third = np.searchsorted(keys, low * pairs.nodes + high)
        three = place[first], place[second], place[third]
        for corner in (low, middle, high):
            _add(by_node, whole[code], node[corner], 1)
            for left in without:
                _add(by_node, left[code], node[corner], -1)
        for number, pair in enumerate(three):
            _add(by_pair, whole[code], pair, 1)
            for gone, left in enumerate(without):
                if gone != number:
                    _add(by_pair, left[code], pair, -1)


def _add(
    table: Int64[np.ndarray, "13 _things"],
    row: Int64[np.ndarray, " _triangles"],
    column: Int64[np.ndarray, " _triangles"],
    sign: int,
) -> None:
    """Add `sign` to the entries of a table, some of them several times."""
    flat = np.bincount(row * table.shape[1] + column, minlength=table.size)
    table += sign * flat.reshape(table.shape)
