"""The triad census of a digraph, exact, from its edges.

Triads with an edge-less pair follow from degrees once triangles are known: each pair of pairs at a
node is an open triad or part of a triangle. Triangles are found from nodes of low degree to nodes
of high degree (Chiba and Nishizeki 1985, SIAM J. Comput. 14:210; Batagelj and Mrvar 2001, Soc.
Networks 23:237), so that hubs cost no more than the square root of the edges for each edge.
"""

from collections.abc import Iterator
from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Int64

from harness.sparse.edges import SparseDigraph

from ._digraph_classes import TRIAD_NAMES, class_name, triangle_edges, triangles

_PATHS, _TABLE_BYTES = 2**20, 2**24
"""The most paths, and the largest table of places, that are held at once."""


class _Pairs(NamedTuple):
    """Joined nodes `low` < `high`; `kind` is 1 for low->high, 2 for high->low, 3 for both."""

    nodes: int
    low: Int[np.ndarray, " pairs"]
    high: Int[np.ndarray, " pairs"]
    kind: Int[np.ndarray, " pairs"]


def triads(digraph: SparseDigraph) -> dict[str, int]:
    """Count the sets of three nodes that induce each of the 16 triads, connected or not."""
    nodes, (_, _, _, kind) = digraph.nodes, _pairs(digraph)
    counted = dict(zip(TRIAD_NAMES, connected_triads(digraph).tolist(), strict=True))
    mutual, single = int((kind == 3).sum()), int((kind != 3).sum())
    for name, pairs, place in (("102", mutual, 0), ("012", single, 1)):
        joined = sum(int(triad[place]) * count for triad, count in counted.items())
        counted[name] = pairs * max(nodes - 2, 0) - joined
    counted["003"] = comb(nodes, 3) - sum(counted.values())
    return counted


def connected_triads(digraph: SparseDigraph) -> Int64[np.ndarray, " 13"]:
    """Count the sets of three nodes that induce each connected triad, by `TRIAD_NAMES`."""
    pairs = _pairs(digraph)
    closed = np.zeros(64, np.int64)
    for block in _triangles(_by_degree(pairs)):
        closed += np.bincount(block, minlength=64)
    classes, corners = _closing()
    return classes @ closed + _open(pairs) - corners @ closed


def _pairs(digraph: SparseDigraph) -> _Pairs:
    low = np.minimum(digraph.sources, digraph.targets)
    high = np.maximum(digraph.sources, digraph.targets)
    # The last digit is the direction, so that a mutual pair gives two numbers in sequence.
    keys = np.sort((low * digraph.nodes + high) << 1 | (digraph.sources > digraph.targets))
    mutual = np.zeros(len(keys), bool)
    mutual[1:] = (keys[1:] ^ keys[:-1]) == 1
    single = np.flatnonzero(~mutual)
    kind = 1 + (keys[single] & 1)
    kind[np.searchsorted(single, np.flatnonzero(mutual)) - 1] = 3
    return _Pairs(digraph.nodes, *np.divmod(keys[single] >> 1, max(digraph.nodes, 1)), kind)


def _open(pairs: _Pairs) -> Int64[np.ndarray, " 13"]:
    """Count the pairs of pairs at each node, as the triad that they are if it is not closed."""
    low, high, kind = pairs.low, pairs.high, pairs.kind

    def joined(ends: np.ndarray) -> np.ndarray:
        return np.bincount(ends, minlength=pairs.nodes)

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
    return np.array([counts[name].sum() if name in counts else 0 for name in TRIAD_NAMES], np.int64)


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


def _by_degree(pairs: _Pairs) -> _Pairs:
    """Return the pairs, sorted, of nodes numbered by degree, without those of degree 0."""
    degree = np.bincount(pairs.low, minlength=pairs.nodes)
    degree += np.bincount(pairs.high, minlength=pairs.nodes)
    nodes = int(np.count_nonzero(degree))
    number = np.empty(pairs.nodes, np.int64)
    number[np.argsort(degree, kind="stable")] = np.arange(pairs.nodes) - (pairs.nodes - nodes)
    low, high = number[pairs.low], number[pairs.high]
    swapped = low > high
    kind = np.where(swapped & (pairs.kind != 3), 3 - pairs.kind, pairs.kind)
    keys = np.sort((np.minimum(low, high) * nodes + np.maximum(low, high)) << 2 | kind)
    return _Pairs(nodes, *np.divmod(keys >> 2, max(nodes, 1)), keys & 3)


def _triangles(pairs: _Pairs) -> Iterator[Int[np.ndarray, " triangles"]]:
    """Yield the triangles a < b < c in blocks, as the kinds of (a, b), (b, c), (a, c), 2 bits each.

    A path a, b, c is a triangle if a table of the places (a, c) has a kind there.
    """
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs.low, minlength=pairs.nodes))])
    onward = starts[pairs.high + 1] - starts[pairs.high]
    high, kind = pairs.high.astype(np.int32), pairs.kind.astype(np.uint8)
    before = np.concatenate([[0], np.cumsum(onward)])
    rows_at_once = max(1, _TABLE_BYTES // max(pairs.nodes, 1))
    table, row, last = (
        np.zeros(rows_at_once * pairs.nodes, np.uint8),
        0,
        int(pairs.low.max(initial=-1)) + 1,
    )
    while row < last:
        first = starts[row]
        within = np.searchsorted(before[starts], before[first] + _PATHS, "right") - 1
        stop = min(max(int(within), row + 1), row + rows_at_once, last)
        edges = slice(first, starts[stop])
        base = ((pairs.low[edges] - row) * pairs.nodes).astype(np.int32)
        places = base + high[edges]
        table[places] = kind[edges]
        number = onward[edges]
        shift = (starts[high[edges]] - (before[edges] - before[first])).astype(np.int32)
        second = np.arange(number.sum(), dtype=np.int32) + np.repeat(shift, number)
        ends = high.take(second)
        ends += np.repeat(base, number)
        third = table.take(ends)
        closed = np.flatnonzero(third)
        of = np.searchsorted(before[first : starts[stop] + 1] - before[first], closed, "right") - 1
        yield kind[edges][of] | kind[second[closed]] << 2 | third[closed] << 4
        table[places] = 0
        row = stop
