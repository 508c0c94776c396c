"""Coherent and incoherent copies of motifs whose edges have signs, against permuted signs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, Int64

from harness.sparse.graph import LayeredGraph
from harness.stats import benjamini_hochberg

from ._contraction import EXACT_IN_FLOAT
from ._scores import scored
from ._significance import TOTAL

if TYPE_CHECKING:
    import pandas as pd

SIGNED_ORDERS = {"chain2": 2, "chain3": 3, "bifan": 3, "biparallel": 3}
"""The classes whose signs have a meaning, and their orders: see `signed_profile`."""

SIGNED_COLUMNS = {
    "network": "number of the network in the batch",
    "null": "`signs`: the edges stay, the signs of each layer are permuted",
    "draws": "permutations that each network is compared with",
    "calibrated": "whether p holds for permuted signs; else p and q are undefined",
    "uncalibrated": "why not; empty if it does",
    "order": "nodes of the motif less one",
    "motif": "motif class",
    "base_layer": "layer of the motif's first nodes; -1 for the sum over layers",
    "unsigned": "edges without a sign, with no part in any copy",
    "count": "coherent copies: the product of their signs is positive",
    "incoherent": "incoherent copies: the product is negative",
    "share": "coherent / all copies; undefined without copies",
    "expected": "mean number of coherent copies of the draws",
    "sd": "standard deviation of that number",
    "z": "(count - expected) / sd; undefined if all draws have the same count",
    "log2_ratio": "log2(count / expected), undefined if either is 0",
    "p": "two-sided, min(1, 2 * the smaller tail), each tail (r + 1) / (R + 1)",
    "q": "p after Benjamini and Hochberg, over the classes of one network; sums only",
}
"""The meaning of each column of a table of signed motifs."""

_ENTRIES = 2**23  # entries of a layer's permutations in memory at a time

Signs = Sequence[Int[np.ndarray, "networks _sources _targets"]]


def signed_profile(
    graph: LayeredGraph, signs: Signs, *, draws: int = 100, seed: int = 0
) -> "pd.DataFrame":
    """Compare the coherent copies of each class with those after permuting signs within layers.

    A copy is coherent if the product of its signs is positive: a chain passes a change on with its
    sign; the two paths of a biparallel have equal effects; the two sources of a bi-fan act on its
    targets alike, or as opposites (Mangan and Alon 2003, PNAS 100:11980, for feed-forward loops).
    Copies need not be induced.

    **Arguments:** `graph` with one leading batch axis; `signs` by layer, 1, -1, or 0 where no edge
    or no sign is. Draws of a network depend on `seed` and its place.

    **Returns:** a row per network, class and base layer, and one with base_layer = -1 for the sum,
    with the columns of `SIGNED_COLUMNS`.

    **Errors:** OverflowError if a number of copies is not exact in 64-bit floats.
    """
    import pandas as pd

    reason = "edges share weights" if graph.places is not None and graph.places.shared else ""
    tables = []
    for place in range(len(signs[0])):
        own = [layer[place] for layer in signs]
        bare = sum(int(np.sum(wires[place])) for wires in graph.adjacency)
        table = _of_network(own, draws, np.random.default_rng((seed, place)), bool(reason))
        lost = bare - sum(map(np.count_nonzero, own))
        tables.append(table.assign(network=place, unsigned=lost))
    return pd.concat(tables, ignore_index=True).assign(
        null="signs", draws=draws, calibrated=not reason, uncalibrated=reason
    )


def _of_network(
    signs: Sequence[Int[np.ndarray, "_sources _targets"]],
    draws: int,
    rng: np.random.Generator,
    uncalibrated: bool,
) -> "pd.DataFrame":
    import pandas as pd

    own = [layer[None].astype(np.float32) for layer in signs]
    copies = products([np.abs(layer) for layer in own])
    coherent = _coherent(products(own), copies)
    block = max(1, _ENTRIES // max(layer.size for layer in own))
    drawn = [
        _coherent(products(_permuted(own, min(block, draws - start), rng)), copies)
        for start in range(0, draws, block)
    ]
    tables = []
    for name, order in SIGNED_ORDERS.items():
        count, every = coherent[name][0], _with_sum(copies[name])[0].astype(np.int64)
        table = pd.DataFrame(scored(count, np.concatenate([one[name] for one in drawn])))
        share = np.divide(count, every, out=np.full(count.shape, np.nan), where=every > 0)
        tables.append(
            table.assign(
                order=order,
                motif=name,
                base_layer=[TOTAL, *range(len(count) - 1)],
                incoherent=every - count,
                share=share,
            )
        )
    table = pd.concat(tables, ignore_index=True)
    p = np.where(uncalibrated, np.nan, table["p"].to_numpy(dtype=float))
    q, sums = np.full(len(table), np.nan), np.flatnonzero(table["base_layer"] == TOTAL)
    q[sums] = benjamini_hochberg(p[sums])
    return table.assign(p=p, q=q)


def products(
    signs: Sequence[Float[np.ndarray, "batch _sources _targets"]],
) -> dict[str, Float[np.ndarray, "batch _base_layers"]]:
    """Return the sum over all copies of the product of their signs, by class and base layer.

    With s the signs of a layer and t of the next, pairs of equal paths are (x^2 - n) / 2 of their
    sum x = st and number n: for bi-fans over pairs of sources and x = ss', n their common targets.
    """
    rows = [layer.sum(-1, dtype=np.float64) for layer in signs]
    columns = [layer.sum(-2, dtype=np.float64) for layer in signs]
    there = [np.abs(layer) for layer in signs]
    out = [layer.sum(-1, dtype=np.float64) for layer in there]
    into = [layer.sum(-2, dtype=np.float64) for layer in there]
    bifans = [
        (_squares(s, s.swapaxes(-1, -2)) - (r**2).sum(-1) - (c * (c - 1)).sum(-1)) / 4
        for s, r, c in zip(signs, out, into, strict=True)
    ]
    biparallels = [
        (_squares(s, t) - (c * r).sum(-1)) / 2
        for s, t, c, r in zip(signs, signs[1:], into, out[1:], strict=False)
    ]
    chains = [(c * r).sum(-1) for c, r in zip(columns, rows[1:], strict=False)]
    longer = [
        np.einsum("bi,bij,bj->b", c, t, r, optimize=True)
        for c, t, r in zip(columns, signs[1:], rows[2:], strict=False)
    ]
    by_class = {"chain2": chains, "chain3": longer, "bifan": bifans, "biparallel": biparallels}
    empty = np.zeros((len(signs[0]), 0))
    return {name: np.stack(found, -1) if found else empty for name, found in by_class.items()}


def _squares(
    left: Float[np.ndarray, "batch _a _b"], right: Float[np.ndarray, "batch _b _c"]
) -> Float[np.ndarray, " batch"]:
    """Return the sum of the squares of a product's entries, which are whole and small."""
    both = left @ right
    return np.einsum("bij,bij->b", both, both, dtype=np.float64)


def _permuted(
    signs: Sequence[Float[np.ndarray, "1 _sources _targets"]],
    number: int,
    rng: np.random.Generator,
) -> list[Float[np.ndarray, "draws _sources _targets"]]:
    """Return draws in which the signs of each layer's edges are permuted."""
    drawn = []
    for layer in signs:
        at = np.flatnonzero(layer)
        several = np.zeros((number, layer.size), np.float32)
        several[:, at] = rng.permuted(np.tile(layer.ravel()[at], (number, 1)), axis=1)
        drawn.append(several.reshape(number, *layer.shape[1:]))
    return drawn


def _coherent(
    product: dict[str, Float[np.ndarray, "batch _base_layers"]],
    copies: dict[str, Float[np.ndarray, "1 _base_layers"]],
) -> dict[str, Int64[np.ndarray, "batch _rows"]]:
    """Return the numbers of coherent copies, the sum over base layers first."""
    found = {}
    for name, every in copies.items():
        if every.sum() >= EXACT_IN_FLOAT:
            raise OverflowError(f"{every.sum():.0f} copies of {name}: not exact in 64-bit floats")
        found[name] = _with_sum((every + product[name]) / 2).astype(np.int64)
    return found


def _with_sum(found: Float[np.ndarray, "batch _layers"]) -> Float[np.ndarray, "batch _rows"]:
    return np.concatenate([found.sum(-1, keepdims=True), found], -1)
