"""The copies of one class in one network, one after the other, by their nodes."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from harness.sparse.graph import Digraph, LayeredGraph

from ._classes import Edge, image, relabelings
from ._homomorphisms import Pattern


class Instance(NamedTuple):
    """A copy: the first layer of its nodes (0 in a digraph), and the place of each in its layer."""

    base_layer: int
    nodes: tuple[int, ...]


def instances(graph: LayeredGraph | Digraph, pattern: Pattern) -> Iterator[Instance]:
    """Yield each copy of a class once: its nodes are in the order of the class's nodes.

    Copies in a layered network need not be induced; those in a digraph are induced, as `census`
    counts them. Self-loops are ignored. Nothing is searched before it is asked for.

    **Arguments:** `graph` without a batch axis; `pattern` from `named`.

    **Errors:** ValueError for a batch, and for a class of the other kind of network.
    """
    digraph = isinstance(graph, Digraph)
    layers = (graph.adjacency,) if isinstance(graph, Digraph) else graph.adjacency
    wires = [np.asarray(layer) for layer in layers]
    if any(layer.ndim != 2 for layer in wires):
        raise ValueError("give one network: adjacency (sources, targets), without a batch axis")
    if digraph != (len(pattern.layers) == 1):
        raise ValueError("digraphs have classes in one layer, layered networks in several")
    absent = _absent(pattern) if digraph else ()
    span = 1 if digraph else len(pattern.layers) - 1
    for base in range(len(wires) - span + 1):
        for nodes in _search(wires[base:], pattern, absent):
            yield Instance(base, nodes)


def _absent(pattern: Pattern) -> tuple[Edge, ...]:
    every = permutations(range(sum(pattern.layers)), 2)
    return tuple(edge for edge in every if edge not in pattern.edges)


def _search(
    wires: Sequence[Bool[np.ndarray, "_sources _targets"]], pattern: Pattern, absent: Sequence[Edge]
) -> Iterator[tuple[int, ...]]:
    """Place the nodes one by one, each beside one that is placed; keep one of equal placements."""
    layer_of, size = pattern.layer_of, len(pattern.layer_of)
    same = [r for r in relabelings(pattern.layers) if image(pattern.edges, r) == pattern.edges]
    turns = _turns(pattern.edges, size)

    def place(at: dict[int, int]) -> Iterator[tuple[int, ...]]:
        if len(at) == size:
            nodes = tuple(at[node] for node in range(size))
            if all(nodes <= tuple(nodes[node] for node in r) for r in same):
                yield nodes
            return
        node = turns[len(at)]
        taken = {at[other] for other in at if layer_of[other] == layer_of[node]}
        for candidate in np.flatnonzero(fits(node, at)).tolist():
            if candidate not in taken:
                yield from place(at | {node: candidate})

    def fits(node: int, at: dict[int, int]) -> np.ndarray:
        rows = [] if at else [np.ones(len(wires[0]), bool)]
        for edges, wanted in ((pattern.edges, True), (absent, False)):
            for a, b in edges:
                if a == node and b in at:
                    rows.append(wires[layer_of[a]][:, at[b]] == wanted)
                elif b == node and a in at:
                    rows.append(wires[layer_of[a]][at[a]] == wanted)
        return np.logical_and.reduce(rows)

    yield from place({})


def _turns(edges: Sequence[Edge], size: int) -> list[int]:
    """Return the nodes from 0 on, each after a node that it has an edge with."""
    turns = [0]
    while len(turns) < size:
        beside = (a + b - node for a, b in edges for node in (a, b) if node in turns)
        turns.append(next(node for node in beside if node not in turns))
    return turns
