"""One random graph for each network of an ensemble, to compare their profiles."""

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.sparse.graph import LayeredGraph

from ._nulls import draws
from ._unequal_degrees import unequal_degrees

_STREAM = zlib.crc32(b"null draws")

_Draw = Callable[[LayeredGraph, tuple[int, ...]], LayeredGraph]


def _unequal(graph: LayeredGraph, seed: tuple[int, ...]) -> LayeredGraph:
    stream = np.random.SeedSequence(seed, spawn_key=tuple(b"unequal-degrees"))
    return unequal_degrees(graph, 1, np.random.default_rng(stream))


_CONTROLS: Mapping[str, _Draw] = {
    "drawn": lambda graph, seed: draws(graph, "layered", 1, seed=seed),
    "degree-drawn": lambda graph, seed: draws(graph, "degree", 1, seed=seed),
    "unequal-degrees": _unequal,
}

CONTROLS = tuple(_CONTROLS)
"""The kinds of graphs that `control_draws` makes."""


def control_draws(
    graph: LayeredGraph, numbers: Sequence[int], level: int, control: str
) -> LayeredGraph:
    """Draw for each network one graph with as many edges between each two layers.

    - `drawn`: edges placed uniformly, the null `layered`
    - `degree-drawn`: every node keeps its degrees, the null `degree`: shows what degrees explain
    - `unequal-degrees`: nodes differ only in fitness, by so much that degrees vary as in the
      network (`unequal_degrees`): shows the effect of unequal degrees alone

    All nodes of the architecture take part; bias edges are left out. The network's number, its
    level and its wiring determine the draw: the same network always gets the same draw, the same
    number under two pruners two independent ones.

    **Arguments:** `graph` with one leading batch axis; `numbers` of the networks along it.

    **Errors:** ValueError for another control.
    """
    if control not in _CONTROLS:
        raise ValueError(f"unknown control '{control}'; known: {', '.join(_CONTROLS)}")
    drawn = []
    for row, number in enumerate(numbers):
        one = LayeredGraph(tuple(np.asarray(wires[row]) for wires in graph.adjacency))
        wiring = 0
        for wires in one.adjacency:
            wiring = zlib.crc32(np.packbits(wires).tobytes(), wiring)
        drawn.append(_CONTROLS[control](one, (_STREAM, number, level, wiring)).adjacency)
    return LayeredGraph(tuple(np.concatenate(layers) for layers in zip(*drawn, strict=True)))
