"""The census of tetrads, which igraph counts: an extra, because it is under the GPL."""

import importlib.util
from collections.abc import Sequence
from functools import cache
from math import comb
from typing import Any

import numpy as np
from jaxtyping import Int64

from harness.errors import UserError
from harness.sparse.edges import SparseDigraph

from ._digraph_classes import class_name


def lacking_igraph(what: str) -> str | None:
    """Return why `what` cannot be had and what installs igraph, or None if igraph is there."""
    if importlib.util.find_spec("igraph"):
        return None
    return f"{what} need igraph: pip install 'motif-harness[igraph]'"


def tetrads(digraphs: Sequence[SparseDigraph]) -> Int64[np.ndarray, "digraphs 199"]:
    """Count the sets of four nodes that induce each connected tetrad, by `tetrad_names`.

    `motifs_randesu` (Wernicke 2006) counts about 10^7 connected sets a second.

    **Errors:** UserError without igraph.
    """
    counts = np.zeros((len(digraphs), len(tetrad_names())), np.int64)
    for row, digraph in zip(counts, digraphs, strict=True):
        edges = np.stack([digraph.sources, digraph.targets], 1)
        network = _igraph().Graph(n=digraph.nodes, edges=edges, directed=True)
        by_class = network.motifs_randesu(4, cut_prob=[0] * 4)
        row[:] = [int(by_class[number]) for number in tetrad_names().values()]
    return counts


@cache
def tetrad_names() -> dict[str, int]:
    """Return the names of the 199 connected tetrads, each with its number in igraph."""
    known = {}
    for number in range(218):
        graph = _igraph().Graph.Isoclass(n=4, cls=number, directed=True)
        if graph.is_connected(mode="weak"):
            known[class_name(4, graph.get_edgelist())] = number
    # Few edges first.
    return dict(sorted(known.items(), key=lambda item: (-int(item[0][2]), item[0])))


def connected_fours(digraph: SparseDigraph) -> int:
    """Return about how many sets of four nodes are connected: undirected stars and paths."""
    ends = np.sort(np.stack([digraph.sources, digraph.targets]), axis=0)
    low, high = np.unique(ends, axis=1)
    degree = np.bincount(np.concatenate([low, high]), minlength=digraph.nodes)
    stars = sum(comb(n, 3) for n in degree.tolist())
    return stars + int(((degree[low] - 1.0) * (degree[high] - 1)).sum())


def _igraph() -> Any:
    if reason := lacking_igraph("tetrads (order 3)"):
        raise UserError(f"{reason}. Or give --order 2 for triads alone.")
    import igraph

    return igraph
