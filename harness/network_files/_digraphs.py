"""Digraphs from edges: repeated edges merged, self-loops left out, direction noted."""

from collections.abc import Iterable, Sequence

import numpy as np

from harness.errors import UserError
from harness.sparse.edges import Digraphs, SparseDigraph, sparse_digraph

from ._choices import Edges
from ._names import natural, quoted, some
from ._nodes import NodeList

_BARE_NODES = 4, 4096

EdgeWeights = tuple[np.ndarray, ...]
"""The weights of each digraph's edges, in their order."""


def coded(
    where: str,
    source: Sequence[str],
    target: Sequence[str],
    weight: np.ndarray,
    notes: tuple[str, ...] = (),
    nodes: Sequence[str] | None = None,
) -> Edges:
    """Return edges between named nodes: `nodes`, or those named, in natural order."""
    names = tuple(nodes or sorted({*source, *target}, key=natural))
    place = {name: n for n, name in enumerate(names)}
    ends = (np.array([place[name] for name in of], np.int64) for of in (source, target))
    sources, targets = ends
    return Edges(where, names, sources, targets, weight, notes=notes)


def listed_nodes(edges: Edges, listed: NodeList) -> Edges:
    """Return the edges among the nodes of a list. Raises `UserError` if a node is not in it."""
    (names,) = listed.layers.values()
    place = {name: n for n, name in enumerate(names)}
    absent = next((name for name in edges.names if name not in place), None)
    if absent is not None:
        raise UserError(
            f"{listed.where} has no node {quoted(absent)}, but an edge of {edges.where} has. "
            "Add it there."
        )
    new = np.array([place[name] for name in edges.names], np.int64)
    return edges._replace(names=names, source=new[edges.source], target=new[edges.target])


def refuse_bare(where: str, nodes: int, edges: int) -> None:
    """Raise UserError if a file declares far more nodes than it has edges, to bound the memory."""
    times, spare = _BARE_NODES
    if nodes > times * edges + spare:
        raise UserError(
            f"{where} declares {nodes:,} nodes, but has only {edges:,} edges. Leave out nodes "
            "without an edge."
        )


def digraph(edges: Edges, threshold: float) -> tuple[Digraphs, EdgeWeights, tuple[str, ...]]:
    """Return a digraph, the weights of its edges, and notes.

    The weights of repeated edges are added; a sum of at most `threshold`, signs aside, is no edge.

    **Errors:** UserError for far more nodes than edges, and for no edge.
    """
    nodes, notes = len(edges.names), list(edges.notes)
    refuse_bare(edges.where, nodes, len(edges.source))
    pairs, place = np.unique(edges.source * nodes + edges.target, return_inverse=True)
    merged = len(place) - len(pairs)
    if merged:
        notes.append(
            f"{some(merged, 'line')} repeated an edge: merged, weights added before the threshold"
        )
    weight = np.bincount(place, edges.weight, len(pairs))
    there = np.abs(weight) > threshold
    weighted = (*np.divmod(pairs[there], nodes), weight[there])
    graph, weights, more = of_ends(
        edges.where, nodes, [weighted], threshold, undirected=edges.undirected
    )
    return graph, weights, (*notes, *more)


def of_ends(
    where: str,
    nodes: int,
    ends: Iterable[tuple[np.ndarray, ...]],
    threshold: float,
    *,
    undirected: bool,
) -> tuple[Digraphs, EdgeWeights, list[str]]:
    """Return digraphs, without loops, from each one's sources, targets and weights of edges.

    And the weights of their edges, and notes. An undirected edge that is there in both directions
    has the mean of their weights.

    **Errors:** UserError if none has an edge.
    """
    graphs, weights, notes, loops = [], [], [], 0
    for source, target, weight in ends:
        loops += int((source == target).sum())
        if undirected:
            source, target = np.r_[source, target], np.r_[target, source]
            weight = np.r_[weight, weight]
        graphs.append(sparse_digraph(nodes, source, target))
        apart = source != target
        place = np.searchsorted(graphs[-1].keys, source[apart] * nodes + target[apart])
        weights.append(np.bincount(place, weight[apart]) / np.bincount(place))
    if loops:
        notes.append(f"{some(loops, 'self-loop')} left out")
    if not any(len(one.sources) for one in graphs):
        raise UserError(
            f"{where} has no edge between two nodes: every |weight| is at most {threshold:g}, or "
            "edges are self-loops. Give a lower --threshold."
        )
    if undirected:
        notes.append("undirected: each edge runs both ways, and null draws keep edges mutual")
    else:
        notes += _mutual_notes(graphs)
    return tuple(graphs), tuple(weights), notes


def _mutual_notes(graphs: Sequence[SparseDigraph]) -> list[str]:
    """Return a note if all edges of digraphs are mutual, or none."""
    reverse = (np.isin(one.targets * one.nodes + one.sources, one.keys) for one in graphs)
    mutual = sum(int(is_mutual.sum()) for is_mutual in reverse)
    if 0 < mutual < sum(len(one.sources) for one in graphs):
        return []
    how_many = "all edges are" if mutual else "no edge is"
    return [f"{how_many} mutual: if the network is undirected, give --undirected"]
