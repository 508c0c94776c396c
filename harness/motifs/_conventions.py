"""How Zahn, Daniel and Kutz (2024) counted: beside the right counts, for comparing with theirs."""

from collections.abc import Sequence

import numpy as np

from harness.sparse.graph import LayeredGraph, bias_as_nodes, strip_published

from ._counts import Counts, counts
from ._popcounts import connected, connected_pairs

PUBLISHED = (
    *("diverge2", "converge2", "chain2_pairs", "diverge3", "converge3_as_published"),
    *("chain3_pairs", "bifan", "biparallel"),
)
"""What their tables hold, by the names that say what each is."""


def published_counts(graph: LayeredGraph) -> Counts:
    """The counts of the published convention, laid out as those of `counts`.

    Ghost nodes, then dead ones, are cut off; the bias unit of each layer is one more source. Chains
    are pairs of nodes that a chain connects, however many do (`chain2_pairs`, `chain3_pairs`: their
    code counts the non-zero entries of products of masks). Three that converge are counted as
    C(n,2) for every node that n >= 3 edges enter (`converge3_as_published`).
    """
    return counted_as_published(bias_as_nodes(strip_published(graph)))


def counted_as_published(graph: LayeredGraph) -> Counts:
    """The same of a graph as it is: nothing is cut off, and bias edges do not count."""
    copies = [name for name in PUBLISHED if not name.endswith(("_pairs", "_as_published"))]
    found = counts(LayeredGraph(graph.adjacency), names=copies)
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
    return {name: special[name] if name in special else found[name] for name in PUBLISHED}


def _connected(wires: Sequence[np.ndarray]) -> int:
    """Pairs of a first and a last node that some chain through these layers connects.

    What is narrow is multiplied first: the ends are, in the networks that this is for.
    """
    first, *middle, last = wires
    for layer in middle:
        if len(first) <= last.shape[1]:
            first = connected(first, layer)
        else:
            last = connected(layer, last)
    return connected_pairs(first, last)
