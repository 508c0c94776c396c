"""The copies of one class in one network, one after the other, by their nodes."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from harness.sparse.edges import SparseDigraph
from harness.sparse.graph import Digraph, LayeredGraph

from ._classes import Edge, image, relabelings
from ._homomorphisms import Pattern


class Instance(NamedTuple):
    """A copy: the first layer of its nodes (0 in a digraph), and the place of each in its layer."""

    base_layer: int
    nodes: tuple[int, ...]


def instances(
    graph: LayeredGraph | Digraph | SparseDigraph, pattern: Pattern
) -> Iterator[Instance]:
    """Yield each copy of a class once: its nodes are in the order of the class's nodes.

    Copies in a layered network need not be induced; those in a digraph are induced, as `census`
    counts them. Self-loops are ignored. Nothing is searched before it is asked for.

    **Arguments:** `graph` without a batch axis; `pattern` from `named`.

    **Errors:** ValueError for a batch, and for a class of the other kind of network.
    """
    digraph = not isinstance(graph, LayeredGraph)
    if isinstance(graph, SparseDigraph):
        wires: list[_Matrix | _Edges] = [_Edges(graph)]
    else:
        layers = graph.adjacency if isinstance(graph, LayeredGraph) else (graph.adjacency,)
        if any(np.ndim(layer) != 2 for layer in layers):
            raise ValueError("give one network: adjacency (sources, targets), without a batch axis")
        wires = [_Matrix(np.asarray(layer)) for layer in layers]
    if digraph != (len(pattern.layers) == 1):
        raise ValueError("digraphs have classes in one layer, layered networks in several")
    absent = _absent(pattern) if digraph else ()
    span = 1 if digraph else len(pattern.layers) - 1
    for base in range(len(wires) - span + 1):
        for nodes in _search(wires[base:], pattern, absent):
            yield Instance(base, nodes)


class _Matrix:
    """The edges from one layer to the next by their matrix, source x target."""

    def __init__(self, wires: Bool[np.ndarray, "_sources _targets"]) -> None:
        self.sources = len(wires)
        self._wires = wires

    def leaving(self, node: int) -> Bool[np.ndarray, " _targets"]:
        """Return which nodes an edge from a node enters."""
        return self._wires[node]

    def entering(self, node: int) -> Bool[np.ndarray, " _sources"]:
        """Return which nodes an edge to a node leaves."""
        return self._wires[:, node]


class _Edges:
    """The same of a digraph by its edges."""

    def __init__(self, digraph: SparseDigraph) -> None:
        self.sources = digraph.nodes
        self._targets, self._sources_by_target = (
            digraph.targets,
            np.sort(digraph.targets * digraph.nodes + digraph.sources),
        )
        places = np.arange(digraph.nodes + 1)
        self._leaving = np.searchsorted(digraph.sources, places)
        self._entering = np.searchsorted(self._sources_by_target, places * digraph.nodes)

    def leaving(self, node: int) -> Bool[np.ndarray, " _targets"]:
        """Return which nodes an edge from a node enters."""
        return self._marked(self._targets[self._leaving[node] : self._leaving[node + 1]])

    def entering(self, node: int) -> Bool[np.ndarray, " _sources"]:
        """Return which nodes an edge to a node leaves."""
        among = self._sources_by_target[self._entering[node] : self._entering[node + 1]]
        return self._marked(among - node * self.sources)

    def _marked(self, nodes: np.ndarray) -> Bool[np.ndarray, " _nodes"]:
        marks = np.zeros(self.sources, bool)
        marks[nodes] = True
        return marks


def _absent(pattern: Pattern) -> tuple[Edge, ...]:
    every = permutations(range(sum(pattern.layers)), 2)
    return tuple(edge for edge in every if edge not in pattern.edges)


def _search(
    wires: Sequence[_Matrix | _Edges], pattern: Pattern, absent: Sequence[Edge]
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
        rows = [] if at else [np.ones(wires[0].sources, bool)]
        for edges, wanted in ((pattern.edges, True), (absent, False)):
            for a, b in edges:
                if a == node and b in at:
                    rows.append(wires[layer_of[a]].entering(at[b]) == wanted)
                elif b == node and a in at:
                    rows.append(wires[layer_of[a]].leaving(at[a]) == wanted)
        return np.logical_and.reduce(rows)

    yield from place({})


def _turns(edges: Sequence[Edge], size: int) -> list[int]:
    """Return the nodes from 0 on, each after a node that it has an edge with."""
    turns = [0]
    while len(turns) < size:
        beside = (a + b - node for a, b in edges for node in (a, b) if node in turns)
        turns.append(next(node for node in beside if node not in turns))
    return turns
