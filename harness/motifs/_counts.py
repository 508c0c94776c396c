"""Exact copy counts of the motif classes of orders 2 and 3, by base layer.

All arithmetic is on integers: products of masks by counting bits, sums in int64 (float32 sums are
wrong above 2^24, and counts reach 5e10). A graph so wide that a count might not fit is refused
before anything is counted. Counting bits costs what float32 BLAS on one core costs at 400 nodes a
layer, and starts no threads, which slow each other down by tens of times on a busy machine.
"""

from collections.abc import Sequence
from math import prod

import numpy as np
from jaxtyping import Int64

from ..graph import LayeredGraph, node_counts
from ._classes import MotifClass, classes, induced_combination

_LARGEST = 2**63 - 1
_ROWS_AT_ONCE = 128  # keeps the temporaries of a product of masks in the cache

Counts = dict[str, Int64[np.ndarray, "*batch _base_layers"]]


def counts(graph: LayeredGraph, orders: Sequence[int] = (2, 3)) -> Counts:
    """How many copies (not necessarily induced) of each class the graph holds.

    Bias edges are not counted; see `bias_as_nodes` for counting them.

    **Returns:** for each class, by name, an array (*batch, base layers): entry l counts the copies
    whose first layer is l. A class that spans s layers of edges has L-s+1 base layers in a graph of
    L layers of edges, none if L < s. Sum over the last axis for the whole graph.

    **Errors:** ValueError for an order other than 2 and 3; OverflowError where a graph of this
    shape could hold more copies than int64 can count.
    """
    known = _known_classes(orders)
    _refuse_overflow(known, node_counts(graph))
    adjacency = [np.asarray(wires) for wires in graph.adjacency]
    batch = adjacency[0].shape[:-2]
    stacked = [wires.reshape(-1, *wires.shape[-2:]) for wires in adjacency]
    networks = [_count([w[i] for w in stacked], 3 in orders) for i in range(prod(batch))]
    return {
        motif.name: np.array([network[motif.name] for network in networks], np.int64).reshape(
            *batch, max(0, len(adjacency) - motif.span + 1)
        )
        for motif in known
    }


def induced(copies: Counts) -> Counts:
    """Induced counts, laid out like the copy counts they are integer combinations of.

    **Arguments:** `copies` as `counts` returns it; a class is left out where a fuller class of its
    order, which its combination needs, is missing.
    """
    result = {}
    for motif in _known_classes((2, 3)):
        combination = induced_combination(motif)
        if all(class_.name in copies for class_, _ in combination):
            terms = [c * copies[class_.name] for class_, c in combination]
            result[motif.name] = np.sum(terms, axis=0)
    return result


def _known_classes(orders: Sequence[int]) -> list[MotifClass]:
    if not set(orders) <= {2, 3}:
        raise ValueError(f"copies are counted for orders 2 and 3, not for {tuple(orders)}")
    return [motif for order in sorted(set(orders)) for motif in classes(order)]


def _refuse_overflow(known: Sequence[MotifClass], nodes: tuple[int, ...]) -> None:
    """Every partial sum below is at most the number of ways to place a class's nodes in layers."""
    for motif in known:
        places = sum(
            prod(n**v for n, v in zip(nodes[base:], motif.layers, strict=False))
            for base in range(len(nodes) - motif.span)
        )
        if places > _LARGEST:
            raise OverflowError(
                f"layers of {nodes} nodes can hold up to {places} copies of {motif.name}, "
                "more than int64 can count"
            )


def _count(adjacency: list[np.ndarray], third_order: bool) -> dict[str, list[int]]:
    """All classes in one network, every entry a list over base layers."""
    wires = _without_bare_nodes(adjacency)
    outs = [w.sum(1, dtype=np.int64) for w in wires]
    ins = [w.sum(0, dtype=np.int64) for w in wires]
    result = {
        "diverge2": [int(_choose2(r).sum()) for r in outs],
        "converge2": [int(_choose2(c).sum()) for c in ins],
        "chain2": [int(c @ r) for c, r in zip(ins, outs[1:], strict=False)],
    }
    if not third_order:
        return result
    # Walks of two edges that start (ahead) or end (behind) at each node of a layer.
    ahead = [np.einsum("ij,j->i", w, r) for w, r in zip(wires, outs[1:], strict=False)]
    behind = [np.einsum("ij,i->j", w, c) for w, c in zip(wires[1:], ins, strict=False)]
    others = [np.einsum("ij,j->i", w, c - 1) for w, c in zip(wires, ins, strict=True)]
    rows, columns = [_packed(w) for w in wires], [_packed(w.T) for w in wires]
    return result | {
        "diverge3": [int(_choose3(r).sum()) for r in outs],
        "converge3": [int(_choose3(c).sum()) for c in ins],
        "chain3": [int(c @ a) for c, a in zip(ins, ahead[1:], strict=False)],
        "chain_diverge": [int(c @ _choose2(r)) for c, r in zip(ins, outs[1:], strict=False)],
        "converge_chain": [int(_choose2(c) @ r) for c, r in zip(ins, outs[1:], strict=False)],
        "bifan": [_bifans(*ends) for ends in zip(rows, outs, columns, ins, strict=True)],
        "biparallel": [_pairs_shared(a, b) for a, b in zip(rows, columns[1:], strict=False)],
        # A node without edges here has r-1 = -1, but then nothing to multiply it with.
        "zigzag": [int((r - 1) @ o) for r, o in zip(outs, others, strict=True)],
        "fork_tail": [int((r - 1) @ a) for r, a in zip(outs, ahead, strict=False)],
        "merge_tail": [int((c - 1) @ b) for c, b in zip(ins[1:], behind, strict=True)],
    }


def _without_bare_nodes(adjacency: list[np.ndarray]) -> list[np.ndarray]:
    """The same wires without the nodes that no edge touches: sparse masks have many."""
    left = [wires.any(1) for wires in adjacency]
    entered = [wires.any(0) for wires in adjacency]
    kept = [left[0], *(a | b for a, b in zip(entered, left[1:], strict=False)), entered[-1]]
    return [
        wires[sources][:, targets]
        for wires, sources, targets in zip(adjacency, kept, kept[1:], strict=False)
    ]


def _bifans(rows: np.ndarray, outs: np.ndarray, columns: np.ndarray, ins: np.ndarray) -> int:
    """Pairs of common successors over pairs of sources; or the mirror image, if that is less."""
    packed, degrees = (rows, outs) if len(outs) <= len(ins) else (columns, ins)
    once, twice = 0, -int(_choose2(degrees).sum())
    for start in range(0, len(degrees), _ROWS_AT_ONCE):
        stop = start + _ROWS_AT_ONCE
        once += _pairs_shared(packed[:, start:stop], packed[:, stop:])
        twice += _pairs_shared(packed[:, start:stop], packed[:, start:stop])
    return once + twice // 2


def _packed(wires: np.ndarray) -> np.ndarray:
    """Rows of a mask as bits, 64 to a word: (rows, columns) bool to (words, rows) uint64."""
    octets = np.packbits(np.ascontiguousarray(wires), axis=1)
    octets = np.pad(octets, ((0, 0), (0, -octets.shape[1] % 8)))
    return np.ascontiguousarray(octets.view(np.uint64).T)


def _pairs_shared(left: np.ndarray, right: np.ndarray) -> int:
    """The sum, over pairs of a row of `left` and one of `right`, of C2(bits they share)."""
    counter = np.min_scalar_type(64 * len(left))
    total = 0
    for start in range(0, left.shape[1], _ROWS_AT_ONCE):
        block = left[:, start : start + _ROWS_AT_ONCE]
        shared = np.zeros((block.shape[1], right.shape[1]), counter)
        for some, others in zip(block, right, strict=True):
            shared += np.bitwise_count(some[:, None] & others)
        entries = shared.ravel().astype(np.int64)
        total += int(entries @ entries - entries.sum()) // 2
    return total


def _choose2(n: np.ndarray) -> np.ndarray:
    return n * (n - 1) // 2


def _choose3(n: np.ndarray) -> np.ndarray:
    return n * (n - 1) * (n - 2) // 6
