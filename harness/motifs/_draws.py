"""One draw from the `layered` null for each network of an ensemble: what to compare it with."""

import zlib
from collections.abc import Sequence

import numpy as np

from ..graph import LayeredGraph
from ._nulls import draws

_STREAM = zlib.crc32(b"null draws")


def uniform_draws(graph: LayeredGraph, numbers: Sequence[int], level: int) -> LayeredGraph:
    """For each network one graph with as many edges between each two layers, placed uniformly.

    All nodes of the architecture take part; bias edges are left out. A draw is determined by the
    network's number, its level and its own wiring: the same number under two pruners gets two
    independent draws, the same network always the same.

    **Arguments:** `graph` with one leading batch axis; `numbers` of the networks along it.
    """
    drawn = []
    for row, number in enumerate(numbers):
        one = LayeredGraph(tuple(np.asarray(wires[row]) for wires in graph.adjacency))
        wiring = 0
        for wires in one.adjacency:
            wiring = zlib.crc32(np.packbits(wires).tobytes(), wiring)
        drawn.append(draws(one, "layered", 1, seed=(_STREAM, number, level, wiring)).adjacency)
    return LayeredGraph(tuple(np.concatenate(layers) for layers in zip(*drawn, strict=True)))
