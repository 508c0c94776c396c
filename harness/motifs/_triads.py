"""The triad census of a digraph, exact, from its edges.

Triads with an edge-less pair follow from degrees once triangles are known: each pair of pairs at a
node is an open triad or part of a triangle. Triangles are found from nodes of low degree to nodes
of high degree (Chiba and Nishizeki 1985, SIAM J. Comput. 14:210; Batagelj and Mrvar 2001, Soc.
Networks 23:237), so that hubs cost no more than the square root of the edges for each edge.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Int64

from harness.sparse.edges import SparseDigraph

from ._digraph_classes import TRIAD_NAMES, class_name, triangle_edges, triangles

_SMALL = 2**15
"""The edges from which on a digraph is counted alone."""
_PATHS, _TABLE_BYTES = 2**20, 2**24
"""The most paths, and the largest table of places, that are held at once."""


class Pairs(NamedTuple):
    """Joined nodes `low` < `high`; `kind` is 1 for low->high, 2 for high->low, 3 for both.

    Each digraph has `nodes` nodes; they are numbered through all digraphs.
    """

    nodes: int
    low: Int[np.ndarray, " pairs"]
    high: Int[np.ndarray, " pairs"]
    kind: Int[np.ndarray, " pairs"]


def triads(digraph: SparseDigraph) -> dict[str, int]:
    """Count the sets of three nodes that induce each of the 16 triads, connected or not."""
    nodes, kind = digraph.nodes, pairs_of([digraph]).kind
    counted = dict(zip(TRIAD_NAMES, connected_triads([digraph])[0].tolist(), strict=True))
    mutual, single = int((kind == 3).sum()), int((kind != 3).sum())
    for name, pairs, place in (("102", mutual, 0), ("012", single, 1)):
        joined = sum(int(triad[place]) * count for triad, count in counted.items())
        counted[name] = pairs * max(nodes - 2, 0) - joined
    counted["003"] = comb(nodes, 3) - sum(counted.values())
    return counted


def connected_triads(digraphs: Sequence[SparseDigraph]) -> Int64[np.ndarray, "digraphs 13"]:
    """Count the sets of three nodes that induce each connected triad, by `TRIAD_NAMES`.

    **Arguments:** `digraphs` of the same nodes. Small ones are counted together.
    """
    counts, some, edges = [np.zeros((0, len(TRIAD_NAMES)), np.int64)], [], 0
    for place, one in enumerate(digraphs, 1):
        some.append(one)
        edges += len(one.sources)
        if edges >= _SMALL or place == len(digraphs):
            counts.append(_counted(pairs_of(some), len(some)))
            some, edges = [], 0
    return np.concatenate(counts)


def _counted(pairs: Pairs, number: int) -> Int64[np.ndarray, "digraphs 13"]:
    closed = np.zeros(64 * number, np.int64)
    for code, _, _ in each_triangle(by_degree(pairs)[0]):
        closed += np.bincount(code, minlength=len(closed))
    classes, corners = _closing()
    return _open(pairs, number) + closed.reshape(number, 64) @ (classes - corners).T


def pairs_of(digraphs: Sequence[SparseDigraph]) -> Pairs:
    """Return the joined pairs of all digraphs, the nodes of each one after those before it."""
    nodes = digraphs[0].nodes
    first = np.repeat(np.arange(len(digraphs)) * nodes, [len(one.sources) for one in digraphs])
    sources = np.concatenate([one.sources for one in digraphs]) + first
    targets = np.concatenate([one.targets for one in digraphs]) + first
    whole = max(1, nodes * len(digraphs))
    # The last digit is the direction, so that a mutual pair gives two numbers in sequence.
    place = np.minimum(sources, targets) * whole + np.maximum(sources, targets)
    keys = np.sort(place << 1 | (sources > targets))
    mutual = np.zeros(len(keys), bool)
    mutual[1:] = (keys[1:] ^ keys[:-1]) == 1
    single = np.flatnonzero(~mutual)
    kind = 1 + (keys[single] & 1)
    kind[np.searchsorted(single, np.flatnonzero(mutual)) - 1] = 3
    return Pairs(nodes, *np.divmod(keys[single] >> 1, whole), kind)


def _open(pairs: Pairs, number: int) -> Int64[np.ndarray, "digraphs 13"]:
    """Count the pairs of pairs at each node, as the triad that they are if it is not closed."""
    low, high, kind = pairs.low, pairs.high, pairs.kind

    def joined(ends: np.ndarray) -> np.ndarray:
        return np.bincount(ends, minlength=number * pairs.nodes).reshape(number, pairs.nodes)

    out = joined(low[kind == 1]) + joined(high[kind == 2])
    into = joined(low[kind == 2]) + joined(high[kind == 1])
    mutual = joined(low[kind == 3]) + joined(high[kind == 3])
    counts = {
        "021D": out * (out - 1) // 2,
        "021U": into * (into - 1) // 2,
        "021C": out * into,
        "111U": mutual * out,
        "111D": mutual * into,
        "201": mutual * (mutual - 1) // 2,
    }
    open_triads = np.zeros((number, len(TRIAD_NAMES)), np.int64)
    for name, by_node in counts.items():
        open_triads[:, TRIAD_NAMES.index(name)] = by_node.sum(1)
    return open_triads


@cache
def _closing() -> tuple[Int64[np.ndarray, "13 64"], Int64[np.ndarray, "13 64"]]:
    """Return by triad and triangle which triad it is, and which open ones its corners look like."""
    classes, corners = np.zeros((2, len(TRIAD_NAMES), 64), np.int64)
    for kinds, name in triangles().items():
        code = kinds[0] | kinds[1] << 2 | kinds[2] << 4
        classes[TRIAD_NAMES.index(name), code] = 1
        for without in range(3):
            two = [0 if place == without else kind for place, kind in enumerate(kinds)]
            corners[TRIAD_NAMES.index(class_name(3, triangle_edges(two))), code] += 1
    return classes, corners


def by_degree(pairs: Pairs) -> tuple[Pairs, Int64[np.ndarray, " nodes"]]:
    """Return the pairs, sorted, of nodes numbered by degree within their digraph.

    And the node that has each number.
    """
    whole = max(1, int(pairs.high.max(initial=0)) // max(1, pairs.nodes) + 1) * pairs.nodes
    degree = np.bincount(pairs.low, minlength=whole) + np.bincount(pairs.high, minlength=whole)
    order = np.lexsort((degree, np.arange(whole) // max(1, pairs.nodes)))
    number = np.empty(whole, np.int64)
    number[order] = np.arange(whole)
    low, high = number[pairs.low], number[pairs.high]
    kind = np.where((low > high) & (pairs.kind != 3), 3 - pairs.kind, pairs.kind)
    keys = np.sort((np.minimum(low, high) * whole + np.maximum(low, high)) << 2 | kind)
    return Pairs(pairs.nodes, *np.divmod(keys >> 2, max(whole, 1)), keys & 3), order


def each_triangle(
    pairs: Pairs,
) -> Iterator[
    tuple[
        Int[np.ndarray, " triangles"], Int[np.ndarray, " triangles"], Int[np.ndarray, " triangles"]
    ]
]:
    """Yield the triangles a < b < c in blocks: a code, and the places of pairs (a, b) and (b, c).

    The code is the number of the digraph, then the kinds of (a, b), (b, c), (a, c) in the last 6
    bits. A path a, b, c is a triangle if a table of the places (a, c) has a kind there.
    """
    nodes, last = pairs.nodes, int(pairs.low.max(initial=-1)) + 1
    starts = np.searchsorted(pairs.low, np.arange(int(pairs.high.max(initial=-1)) + 2))
    onward = starts[pairs.high + 1] - starts[pairs.high]
    high, kind = pairs.high, pairs.kind.astype(np.uint8)
    column = (high % max(1, nodes)).astype(np.int32)
    before = np.concatenate([[0], np.cumsum(onward)])
    rows_at_once = min(max(1, _TABLE_BYTES // max(1, nodes)), last)
    table, row = np.zeros(rows_at_once * nodes, np.uint8), 0
    while row < last:
        first = starts[row]
        within = int(np.searchsorted(before[starts], before[first] + _PATHS, "right")) - 1
        stop = min(max(within, row + 1), row + rows_at_once, last)
        edges = slice(first, starts[stop])
        base = ((pairs.low[edges] - row) * nodes).astype(np.int32)
        places = base + column[edges]
        table[places] = kind[edges]
        number = onward[edges]
        shift = (starts[high[edges]] - (before[edges] - before[first])).astype(np.int32)
        second = np.arange(number.sum(), dtype=np.int32) + np.repeat(shift, number)
        ends = column.take(second)
        ends += np.repeat(base, number)
        third = table.take(ends)
        closed = np.flatnonzero(third)
        of = np.searchsorted(before[first : starts[stop] + 1] - before[first], closed, "right") - 1
        kinds = kind[edges][of] | kind[second[closed]] << 2 | third[closed] << 4
        yield kinds + 64 * (pairs.low[edges][of] // nodes), first + of, second[closed]
        table[places] = 0
        row = stop
