"""Supports: the nodes among which motifs are counted."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int

from harness.sparse.graph import LayeredGraph, live_nodes, node_counts, restrict, strip_published

Support = Literal["all", "live", "live-published"]


def supported(
    graph: LayeredGraph, support: str
) -> tuple[LayeredGraph, Int[np.ndarray, "networks layers"]]:
    """Return the edges between the nodes of a support, and its number of nodes in each layer.

    - `all`: every node of the architecture
    - `live`: nodes on a path from an input to an output, bias units ignored
    - `live-published`: nodes that an edge leaves, and all outputs, once ghost and then dead nodes
      are cut off, bias edges counted as input (`strip_published`)

    **Arguments:** `graph` with one leading batch axis. Arrays keep their shapes.

    **Errors:** ValueError for another support.
    """
    check_supports([support])
    if support == "live":
        live = live_nodes(graph)
        return restrict(graph, live), np.stack([layer.sum(-1) for layer in live], -1)
    nodes = np.tile(node_counts(graph), (graph.adjacency[0].shape[0], 1))
    if support == "live-published":
        graph = strip_published(graph)
        left = [np.asarray(wires).any(-1).sum(-1) for wires in graph.adjacency]
        nodes[:, :-1] = np.stack(left, -1)
    return graph, nodes


def check_supports(supports: Sequence[str]) -> None:
    """Raise ValueError for an unknown support."""
    unknown = sorted(set(supports) - set(get_args(Support)))
    if unknown:
        raise ValueError(f"unknown support {unknown}; known: {list(get_args(Support))}")
