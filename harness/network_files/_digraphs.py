"""Digraphs from edges: repeated edges merged, self-loops left out, direction noted."""

from collections.abc import Iterable, Sequence

import numpy as np

from harness.errors import UserError
from harness.sparse.edges import Digraphs, SparseDigraph, sparse_digraph

from ._choices import Edges
from ._names import natural, quoted, some
from ._nodes import NodeList

_BARE_NODES = 4, 4096


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


def digraph(edges: Edges, threshold: float) -> tuple[Digraphs, tuple[str, ...]]:
    """Return a digraph, and notes.

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
    ends = np.divmod(pairs[np.abs(weight) > threshold], nodes)
    graph, more = of_ends(edges.where, nodes, [ends], threshold, undirected=edges.undirected)
    return graph, (*notes, *more)


def of_ends(
    where: str,
    nodes: int,
    ends: Iterable[tuple[np.ndarray, ...]],
    threshold: float,
    *,
    undirected: bool,
) -> tuple[Digraphs, list[str]]:
    """Return digraphs, without loops, from the sources and targets of each one's edges, and notes.

    **Errors:** UserError if none has an edge.
    """
    graphs, notes, loops = [], [], 0
    for source, target in ends:
        loops += int((source == target).sum())
        if undirected:
            source, target = np.r_[source, target], np.r_[target, source]
        graphs.append(sparse_digraph(nodes, source, target))
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
    return tuple(graphs), notes


def _mutual_notes(graphs: Sequence[SparseDigraph]) -> list[str]:
    """Return a note if all edges of digraphs are mutual, or none."""
    reverse = (np.isin(one.targets * one.nodes + one.sources, one.keys) for one in graphs)
    mutual = sum(int(is_mutual.sum()) for is_mutual in reverse)
    if 0 < mutual < sum(len(one.sources) for one in graphs):
        return []
    how_many = "all edges are" if mutual else "no edge is"
    return [f"{how_many} mutual: if the network is undirected, give --undirected"]
