"""Digraphs from edges: repeated edges merged, self-loops left out, direction noted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import UserError

from ._choices import Edges
from ._names import natural, quoted, some
from ._nodes import NodeList

if TYPE_CHECKING:
    from harness.sparse.graph import Digraph

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


def digraph(edges: Edges, threshold: float, largest: int) -> tuple["Digraph", tuple[str, ...]]:
    """Return a digraph in which every node is an input and an output, and notes.

    The weights of repeated edges are added; a sum of at most `threshold`, signs aside, is no edge.

    **Errors:** UserError for too many nodes, for far more nodes than edges, and for no edge.
    """
    n, notes = len(edges.names), list(edges.notes)
    if n**2 > largest:
        raise UserError(
            f"{edges.where} has {n:,} nodes, more than {largest:,} pairs. Give a smaller network."
        )
    refuse_bare(edges.where, n, len(edges.source))
    pairs, place = np.unique(edges.source * n + edges.target, return_inverse=True)
    merged = len(place) - len(pairs)
    if merged:
        notes.append(
            f"{some(merged, 'line')} repeated an edge: merged, weights added before the threshold"
        )
    weight = np.bincount(place, edges.weight, len(pairs)) if merged else edges.weight
    order = pairs if merged else edges.source * n + edges.target
    wires = np.zeros((n, n), bool)
    wires.ravel()[order[np.abs(weight) > threshold]] = True
    graph, more = of_wires(edges.where, wires[None], threshold, undirected=edges.undirected)
    return graph, (*notes, *more)


def of_wires(
    where: str, wires: np.ndarray, threshold: float, *, undirected: bool
) -> tuple["Digraph", list[str]]:
    """Return the digraphs of wires (networks, n, n), source x target, without loops, and notes."""
    notes, nodes = [], np.arange(wires.shape[-1])
    loops = int(np.count_nonzero(wires[:, nodes, nodes]))
    if loops:
        notes.append(f"{some(loops, 'self-loop')} left out")
        wires[:, nodes, nodes] = False
    if not wires.any():
        raise UserError(
            f"{where} has no edge between two nodes: every |weight| is at most {threshold:g}, or "
            "edges are self-loops. Give a lower --threshold."
        )
    if undirected:
        wires = wires | wires.swapaxes(1, 2)
        notes.append("undirected: each edge runs both ways, and null draws keep edges mutual")
    else:
        notes += _mutual_notes(wires)
    from harness.sparse.graph import Digraph  # imports JAX: errors need not wait for it

    every = np.ones(len(nodes), bool)
    return Digraph(wires, every, every), notes


def _mutual_notes(wires: np.ndarray) -> list[str]:
    """Return a note if all edges of digraphs are mutual, or none."""
    network, source, target = np.nonzero(wires)
    mutual = np.count_nonzero(wires[network, target, source])
    if 0 < mutual < len(network):
        return []
    how_many = "all edges are" if mutual else "no edge is"
    return [f"{how_many} mutual: if the network is undirected, give --undirected"]
