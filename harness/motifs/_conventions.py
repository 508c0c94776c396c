"""Motif counts by the convention of Zahn, Daniel and Kutz (2024), to compare with their tables."""

from collections.abc import Sequence

import numpy as np

from harness.sparse.graph import LayeredGraph, bias_as_nodes, strip_published

from ._counts import Counts, counts
from ._popcounts import connected, connected_pairs

PUBLISHED = (
    *("diverge2", "converge2", "chain2_pairs", "diverge3", "converge3_as_published"),
    *("chain3_pairs", "bifan", "biparallel"),
)
"""The counts in their tables, under names that say what each one is."""


def published_counts(graph: LayeredGraph) -> Counts:
    """Return counts by the published convention, laid out like those of `counts`.

    Ghost nodes, then dead ones, are cut off; the bias unit of each layer is one more source. Chains
    are counted as pairs of nodes that some chain connects (`chain2_pairs`, `chain3_pairs`: their
    code counts the non-zero entries of products of masks). `converge3_as_published` is C(n,2) for
    every node that n >= 3 edges enter.
    """
    return counted_as_published(bias_as_nodes(strip_published(graph)))


def counted_as_published(graph: LayeredGraph) -> Counts:
    """Return counts by the published convention for a graph as it is, without its bias edges."""
    names = [name for name in PUBLISHED if not name.endswith(("_pairs", "_as_published"))]
    copies = counts(LayeredGraph(graph.adjacency), names=names)
    wires = [np.asarray(layer) for layer in graph.adjacency]
    batch = wires[0].shape[:-2]
    networks = list(zip(*(layer.reshape(-1, *layer.shape[-2:]) for layer in wires), strict=True))
    entered = [layer.sum(-2, dtype=np.int64) for layer in wires]
    special = {
        "converge3_as_published": np.stack(
            [np.where(n >= 3, n * (n - 1) // 2, 0).sum(-1) for n in entered], -1
        )
    }
    for name, length in (("chain2_pairs", 2), ("chain3_pairs", 3)):
        bases = max(0, len(wires) - length + 1)
        pairs = [
            [_connected(one[base : base + length]) for base in range(bases)] for one in networks
        ]
        special[name] = np.array(pairs, np.int64).reshape(*batch, bases)
    return {name: special[name] if name in special else copies[name] for name in PUBLISHED}


def _connected(wires: Sequence[np.ndarray]) -> int:
    """Count the pairs of a first and a last node that some chain through these layers connects.

    Narrow layers are multiplied first: in the published networks the ends are narrow.
    """
    first, *middle, last = wires
    for layer in middle:
        if len(first) <= last.shape[1]:
            first = connected(first, layer)
        else:
            last = connected(layer, last)
    return connected_pairs(first, last)
