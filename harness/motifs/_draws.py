"""Uniform draws from the `layered` null: graphs with given numbers of edges between layers."""

import itertools
import zlib
from collections.abc import Sequence

import numpy as np

from ..graph import LayeredGraph, edge_counts, node_counts

_STREAM = zlib.crc32(b"null draws")


def uniform_draws(graph: LayeredGraph, numbers: Sequence[int], level: int) -> LayeredGraph:
    """For each network one graph with as many edges between each two layers, placed uniformly.

    All nodes of the architecture take part; bias edges are left out. A draw is determined by the
    network's number, its level and its own wiring: the same number under two pruners gets two
    independent draws, the same network always the same.

    **Arguments:** `graph` with one leading batch axis; `numbers` of the networks along it.
    """
    nodes, edges = node_counts(graph), edge_counts(graph)
    layers = [
        np.zeros((len(numbers), source, target), bool)
        for source, target in itertools.pairwise(nodes)
    ]
    for row, number in enumerate(numbers):
        wiring = 0
        for wires in graph.adjacency:
            wiring = zlib.crc32(np.packbits(np.asarray(wires[row])).tobytes(), wiring)
        rng = np.random.default_rng([_STREAM, number, level, wiring])
        for wires, kept in zip(layers, edges[row], strict=True):
            places = wires[row].reshape(-1)
            # The fewer of the present and the absent edges are drawn.
            absent = 2 * kept > places.size
            drawn = rng.choice(
                places.size, places.size - kept if absent else kept, replace=False, shuffle=False
            )
            places[:] = absent
            places[drawn] = not absent
    return LayeredGraph(tuple(layers))
