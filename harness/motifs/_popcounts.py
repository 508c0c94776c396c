"""The fast path of orders 2 and 3: closed formulas, products of masks by counting bits.

Counting bits costs what float32 BLAS on one core costs at 400 nodes a layer, is exact, and starts
no threads, which slow each other down by tens of times on a busy machine.
"""

from collections.abc import Sequence

import numpy as np

_ROWS_AT_ONCE = 128  # keeps the temporaries of a product of masks in the cache


def popcounts(adjacency: Sequence[np.ndarray], *, third_order: bool) -> dict[str, list[int]]:
    """All classes in one network, every entry a list over base layers."""
    wires = without_bare_nodes(adjacency)
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


def without_bare_nodes(adjacency: Sequence[np.ndarray]) -> list[np.ndarray]:
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
