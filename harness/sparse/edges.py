"""Digraphs by their edges: memory grows with edges, not with the square of the nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int64

if TYPE_CHECKING:
    from harness.sparse.graph import Digraph

Ends = Int64[np.ndarray, " edges"]


@dataclass(frozen=True, eq=False)
class SparseDigraph:
    """One directed graph without self-loops, nodes numbered from 0.

    Edge e runs from `sources[e]` to `targets[e]`. Edges are sorted by source, then target, and each
    is there once: `sparse_digraph` makes that so.
    """

    nodes: int
    sources: Ends
    targets: Ends

    @property
    def keys(self) -> Ends:
        """The edges as sorted numbers, source * nodes + target."""
        return self.sources * self.nodes + self.targets

    def dense(self) -> Bool[np.ndarray, "nodes nodes"]:
        """Return the adjacency matrix, source x target."""
        wires = np.zeros((self.nodes, self.nodes), bool)
        wires[self.sources, self.targets] = True
        return wires


Digraphs = tuple[SparseDigraph, ...]
"""Networks of the same nodes."""


def sparse_digraph(nodes: int, sources: Ends, targets: Ends) -> SparseDigraph:
    """Return the digraph of some edges, in any order; self-loops and repeated edges are dropped."""
    apart = sources != targets
    keys = sources[apart].astype(np.int64) * nodes + targets[apart]
    return of_keys(nodes, np.unique(keys))


def of_keys(nodes: int, keys: Ends) -> SparseDigraph:
    """Return the digraph of sorted numbers source * nodes + target without repeats."""
    sources, targets = np.divmod(keys, max(nodes, 1))
    return SparseDigraph(nodes, sources, targets)


def sparse_digraphs(graph: "Digraph | Sequence[SparseDigraph]") -> Digraphs:
    """Return the networks of a batch of digraphs one by one, without their self-loops."""
    if isinstance(graph, Sequence):
        return tuple(graph)
    wires = np.asarray(graph.adjacency)
    stacked = wires.reshape(-1, *wires.shape[-2:])
    return tuple(sparse_digraph(wires.shape[-1], *np.nonzero(one)) for one in stacked)
