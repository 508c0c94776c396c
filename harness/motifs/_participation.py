"""Copies of motif classes through each node and each edge of one network, and their nulls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from harness.sparse.graph import LayeredGraph, edge_counts, node_counts

from ._classes import MotifClass, image, relabelings
from ._contraction import EXACT_IN_FLOAT, homomorphisms, places
from ._counts import base_layers, chosen, refuse_overflow
from ._homomorphisms import Pattern, combination
from ._moments import moments
from ._nulls import draws
from ._scores import scored
from ._trades import Trades, enough_trades

_AT_ONCE, _ENTRIES = 50, 2**23
"""The most draws that are counted together, and the most places for edges: bounds the memory."""


@dataclass(frozen=True, eq=False)
class Participation:
    """Copies of one class through each node and edge, and their exact means under `layered`.

    `nodes` has an array for each layer of nodes, `edges` one for each layer of edges, source x
    target, 0 where no edge is. The null treats the nodes of a layer alike, and so the edges: the
    means are of any node of a layer, and of any edge that is there (NaN for a layer without edges).
    """

    nodes: tuple[Int64[np.ndarray, " _nodes"], ...]
    edges: tuple[Int64[np.ndarray, "_sources _targets"], ...]
    expected_by_node: Float[np.ndarray, " node_layers"]
    expected_by_edge: Float[np.ndarray, " edge_layers"]


def participation(
    graph: LayeredGraph, orders: Sequence[int] = (2, 3), *, names: Sequence[str] | None = None
) -> dict[str, Participation]:
    """Count the copies (not necessarily induced) of each class through each node and edge.

    A copy counts once for each of its nodes and edges; copies of all base layers are summed.

    **Arguments:** `graph` without a batch axis; `names` may choose some classes of the `orders`.

    **Errors:** those of `counts`, and ValueError for a graph with a batch axis.
    """
    wires = [np.asarray(layer) for layer in graph.adjacency]
    if any(layer.ndim != 2 for layer in wires):
        raise ValueError("give one network: adjacency (sources, targets), without a batch axis")
    known, nodes, edges = chosen(orders, names), node_counts(graph), edge_counts(graph)
    refuse_overflow(known, nodes)
    exact = {kind: [layer.astype(kind) for layer in wires] for kind in (np.float64, np.int64)}
    null = moments(nodes, edges.tolist(), sorted({motif.order for motif in known}))
    found = {}
    for motif in known:
        through = (
            [np.zeros(n, np.int64) for n in nodes],
            [np.zeros(w.shape, np.int64) for w in wires],
        )
        expected = np.zeros(len(nodes)), np.zeros(len(wires))
        for base in range(base_layers(motif, len(wires))):
            for root, layer, fixing in _roles(motif):
                part = through[len(root) - 1][base + layer]
                part += _placements(motif, root, exact, nodes, base) // fixing
            mean = null[motif.name].mean[base]
            expected[0][base : base + motif.span + 1] += mean * np.array(motif.layers)
            expected[1][base : base + motif.span] += mean * np.array(motif.edges_per_layer)
        by_edge = np.divide(expected[1], edges, out=np.full(len(edges), np.nan), where=edges > 0)
        found[motif.name] = Participation(
            tuple(through[0]), tuple(through[1]), expected[0] / np.array(nodes), by_edge
        )
    return found


@dataclass(frozen=True, eq=False)
class NodeScores:
    """Copies of one class through each node beside those in draws; layer after layer.

    The draws keep degrees, so a node's expectation is its own. z is NaN if all draws have the same
    number of copies, as for classes that degrees determine.
    """

    count: Int64[np.ndarray, " nodes"]
    expected: Float[np.ndarray, " nodes"]
    sd: Float[np.ndarray, " nodes"]
    z: Float[np.ndarray, " nodes"]


def degree_participation(
    graph: LayeredGraph,
    orders: Sequence[int] = (2, 3),
    *,
    number: int = 100,
    seed: tuple[int, ...] = (0,),
) -> tuple[dict[str, NodeScores], Trades]:
    """Compare the copies through each node with those in draws of the null `degree`.

    **Arguments:** `graph` without a batch axis; `number` of draws.

    **Returns:** the scores of each class, by name, and the trades of each draw. If these had not
    mixed the chain, z is no valid comparison.

    **Errors:** those of `counts`, and ValueError for a graph with a batch axis.
    """
    known, nodes = chosen(orders, None), node_counts(graph)
    refuse_overflow(known, nodes)
    trades = enough_trades(graph, seed=seed)
    blocks: dict[str, list[np.ndarray]] = {motif.name: [] for motif in known}
    entries = sum(np.size(layer) for layer in graph.adjacency)
    at_once = min(_AT_ONCE, max(1, _ENTRIES // entries))
    for start in range(0, number, at_once):
        size = min(at_once, number - start)
        some = draws(graph, "degree", size, seed=(*seed, start), trades=trades.number)
        for name, counted in _through(known, some, 1):
            blocks[name].append(np.concatenate(counted, -1))
    found = {}
    for name, own in _through(known, graph, 1):
        scores = scored(np.concatenate(own), np.concatenate(blocks[name]))
        found[name] = NodeScores(
            *(scores[column] for column in ("count", "expected", "sd", "z"))  # type: ignore[arg-type]
        )
    return found, trades


def layered_spread(
    graph: LayeredGraph,
    orders: Sequence[int] = (2, 3),
    *,
    number: int = 50,
    seed: tuple[int, ...] = (0,),
    edges: bool = False,
) -> dict[str, Float[np.ndarray, " layers"]]:
    """Estimate the standard deviation of the copies through a node under the null `layered`.

    The null treats the nodes of a layer alike, so that all of them, in `number` draws, serve the
    estimate: by layer, around the exact mean (`Participation.expected_by_node`). So it treats the
    `edges` of a layer: then of the copies through an edge that is there (NaN without edges).

    **Arguments** and **errors:** as in `degree_participation`.
    """
    known, means = chosen(orders, None), participation(graph, orders)
    some = draws(graph, "layered", number, seed=seed)
    there = [np.asarray(layer) for layer in some.adjacency] if edges else None
    found = {}
    for name, counted in _through(known, some, 2 if edges else 1):
        one = means[name]
        expected = one.expected_by_edge if edges else one.expected_by_node
        if there is not None:
            counted = [copies[wires] for copies, wires in zip(counted, there, strict=True)]
        found[name] = np.array(
            [
                np.sqrt(((copies - mean) ** 2).mean()) if copies.size else np.nan
                for copies, mean in zip(counted, expected, strict=True)
            ]
        )
    return found


def _through(
    known: Sequence[MotifClass], graph: LayeredGraph, ends: int
) -> Iterator[tuple[str, list[Int64[np.ndarray, "..."]]]]:
    """Count the copies of each class through each node (`ends` 1) or edge (2), by layer."""
    wires, nodes = [np.asarray(layer) for layer in graph.adjacency], node_counts(graph)
    batch = wires[0].shape[:-2]
    shapes = [(n,) for n in nodes] if ends == 1 else [layer.shape[-2:] for layer in wires]
    large = max(nodes) ** (1 + max(motif.order for motif in known)) >= EXACT_IN_FLOAT
    kinds = (np.float64, np.int64) if large else (np.float64,)
    exact = {kind: [layer.astype(kind) for layer in wires] for kind in kinds}
    for motif in known:
        through = [np.zeros((*batch, *shape), np.int64) for shape in shapes]
        for base in range(base_layers(motif, len(wires))):
            for root, layer, fixing in _roles(motif):
                if len(root) == ends:
                    through[base + layer] += _placements(motif, root, exact, nodes, base) // fixing
        yield motif.name, through


@cache
def _roles(motif: MotifClass) -> list[tuple[tuple[int, ...], int, int]]:
    """Return one node or edge of each orbit under automorphisms of the class.

    With it come its first layer, and the number of automorphisms that keep it where it is.
    """
    same = [r for r in relabelings(motif.layers) if image(motif.edges, r) == motif.edges]
    layer_of = Pattern(motif.layers, motif.edges).layer_of
    roots = [*((node,) for node in range(motif.order + 1)), *motif.edges]
    orbits = {root: {tuple(r[node] for node in root) for r in same} for root in roots}
    return [
        (root, layer_of[root[0]], motif.automorphisms // len(orbit))
        for root, orbit in orbits.items()
        if root == min(orbit)
    ]


def _placements(
    motif: MotifClass,
    root: tuple[int, ...],
    exact: Mapping[Any, list[np.ndarray]],
    nodes: Sequence[int],
    base: int,
) -> Int64[np.ndarray, "..."]:
    """Count the placements of a class at one base layer by the image of its root."""
    total: Int64[np.ndarray, "..."] = np.zeros((), np.int64)
    for pattern, number in combination(motif, root):
        kind = np.float64 if places(pattern, nodes, base) < EXACT_IN_FLOAT else np.int64
        total = total + number * homomorphisms(pattern, exact[kind][base:], np).astype(np.int64)
    return total
