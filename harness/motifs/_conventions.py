"""How Zahn, Daniel and Kutz (2024) counted: beside the right counts, for comparing with theirs."""

import numpy as np

from ..graph import LayeredGraph, bias_as_nodes, strip_published
from ._counts import Counts, counts

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
    whole = bias_as_nodes(strip_published(graph))
    found = counts(whole)
    wires = [np.asarray(layer) for layer in whole.adjacency]
    entered = [layer.sum(-2, dtype=np.int64) for layer in wires]
    pairs = np.stack([np.where(n >= 3, n * (n - 1) // 2, 0).sum(-1) for n in entered], -1)
    special = {
        "converge3_as_published": pairs,
        "chain2_pairs": _connected(wires, 2),
        "chain3_pairs": _connected(wires, 3),
    }
    return {name: special[name] if name in special else found[name] for name in PUBLISHED}


def _connected(wires: list[np.ndarray], length: int) -> np.ndarray:
    """By base layer, pairs of nodes that a chain of so many edges connects."""
    reached = []
    for base in range(len(wires) - length + 1):
        ends = wires[base].astype(np.float32)
        for layer in wires[base + 1 : base + length]:
            ends = (ends @ layer.astype(np.float32) > 0).astype(np.float32)
        reached.append(ends.astype(bool).sum((-2, -1), dtype=np.int64))
    return np.stack(reached, -1) if reached else np.zeros((*wires[0].shape[:-2], 0), np.int64)
