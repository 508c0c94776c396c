"""Feed-forward loops and cycles of weighted digraphs, against permuted signs or weights."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int64, Num

from harness import progress
from harness.sparse.edges import SparseDigraph
from harness.stats import benjamini_hochberg

from ._intensity import scored_means
from ._scores import scored
from ._significance import TOTAL
from ._triads import by_degree, each_triangle, pairs_of

if TYPE_CHECKING:
    import pandas as pd

CLOSED = ("030T", "030C")
"""The feed-forward loop, a->b->c with a->c, and the cycle, a->b->c->a."""
_CYCLES = ((0, 0, 1), (1, 1, 0))
_ENTRIES = 2**22
"""The most weights, of edges or of copies, that are held at once."""


def weighted_triads_profile(
    digraphs: Sequence[SparseDigraph],
    weights: Sequence[Float[np.ndarray, " _edges"]],
    null: str,
    *,
    undirected: bool = False,
    draws: int = 100,
    seed: int = 0,
) -> "pd.DataFrame":
    """Compare feed-forward loops and cycles with those after permuting signs or weights.

    Edges stay where they are, so the copies do, too. Copies need not be induced: other edges may
    join their nodes. Under `signs` a copy is coherent if the product of its signs is positive: the
    direct and the indirect path of a feed-forward loop agree (Mangan and Alon 2003, PNAS
    100:11980), and a cycle is a positive feedback. Under `weights` the intensity of a copy is the
    geometric mean of its edges' |weight|, its coherence intensity over their arithmetic mean
    (Onnela et al. 2005, Phys. Rev. E 71:065103).

    **Arguments:** `null` is `signs` or `weights`; `weights` are those of the edges of each digraph,
    in their order; edges of weight 0 are left out. `undirected` permutes pairs of edges a->b, b->a,
    of equal weight, as one. Draws of a network depend on `seed` and its place.

    **Returns:** a row per network and class (see `CLOSED`) that has copies: count (coherent copies
    or mean intensity), expected, sd, z, log2_ratio and p (two-sided, by rank) by the draws, q over
    the classes of one network; copies, their number; under `signs` share, count / copies; under
    `weights` coherence, total intensity over the total of arithmetic means, and its z.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for place, (digraph, own) in enumerate(zip(digraphs, weights, strict=True)):
        there = own != 0
        kept = SparseDigraph(digraph.nodes, digraph.sources[there], digraph.targets[there])
        through, rng = _copies_through(kept), np.random.default_rng((seed, place))
        values = np.sign(own[there]).astype(np.int8) if null == "signs" else np.abs(own[there])
        blocks = _permuted(values, _units(kept, undirected=undirected), draws, rng)
        found = _signed if null == "signs" else _intense
        new = [row | {"network": place} for row in found(kept, through, blocks) if row["copies"]]
        q = benjamini_hochberg(np.array([row["p"] for row in new], float))
        rows += [row | {"q": one} for row, one in zip(new, q, strict=True)]
    return pd.DataFrame(rows).assign(
        order=2, null=null, draws=draws, base_layer=TOTAL, calibrated=True, uncalibrated=""
    )


def _signed(
    digraph: SparseDigraph,
    through: Int64[np.ndarray, "2 _edges"],
    blocks: Iterator[Num[np.ndarray, "_edges _batch"]],
) -> list[dict[str, object]]:
    copies = through.sum(1) // 3
    sums = np.concatenate([_products(digraph, block) for block in blocks], 1)
    coherent = (copies + sums.T) // 2
    columns = scored(coherent[0], coherent[1:])
    return [
        {name: column[row] for name, column in columns.items()}
        | {"motif": motif, "copies": number, "share": coherent[0, row] / max(number, 1)}
        for row, (motif, number) in enumerate(zip(CLOSED, copies.tolist(), strict=True))
    ]


def _intense(
    digraph: SparseDigraph,
    through: Int64[np.ndarray, "2 _edges"],
    blocks: Iterator[Num[np.ndarray, "_edges _batch"]],
) -> list[dict[str, object]]:
    copies, geometric, arithmetic = through.sum(1) // 3, [], []
    for block in blocks:
        geometric.append(_products(digraph, np.cbrt(block)))
        arithmetic.append(through @ block / 3)
    rows: list[dict[str, object]] = []
    totals = np.concatenate(geometric, 1), np.concatenate(arithmetic, 1)
    for motif, number, intensity, mean in zip(CLOSED, copies.tolist(), *totals, strict=True):
        if number:
            coherence = scored_means(intensity / mean)
            row = {"motif": motif, "copies": number, "coherence": coherence["count"]}
            row |= {"coherence_z": coherence["z"]}
            rows.append(row | scored_means(intensity / number))
    return rows


def _copies(digraph: SparseDigraph) -> Iterator[tuple[int, Int64[np.ndarray, "3 _copies"]]]:
    """Yield copies in blocks: the place of their class in `CLOSED`, and their edges.

    A copy takes one direction of each pair of a triangle: six of the eight choices are feed-forward
    loops, two are cycles.
    """
    pairs, node = by_degree(pairs_of([digraph]))
    ends, places = (node[pairs.low], node[pairs.high]), pairs.low * pairs.nodes + pairs.high
    along, against = (a * digraph.nodes + b for a, b in (ends, ends[::-1]))
    edges = np.searchsorted(digraph.keys, along), np.searchsorted(digraph.keys, against)
    for code, first, second in each_triangle(pairs):
        third = np.searchsorted(places, pairs.low[first] * pairs.nodes + pairs.high[second])
        for turned in product((0, 1), repeat=3):
            needed = sum(1 << turn << 2 * pair for pair, turn in enumerate(turned))
            some = np.flatnonzero(code & needed == needed)
            three = zip(turned, (first, second, third), strict=True)
            yield int(turned in _CYCLES), np.stack([edges[turn][of[some]] for turn, of in three])


def _copies_through(digraph: SparseDigraph) -> Int64[np.ndarray, "2 _edges"]:
    through = np.zeros((2, len(digraph.sources)), np.int64)
    for kind, edges in _copies(digraph):
        through[kind] += np.bincount(edges.ravel(), minlength=through.shape[1])
    return through


def _products(
    digraph: SparseDigraph, values: Num[np.ndarray, "_edges batch"]
) -> Num[np.ndarray, "2 batch"]:
    """Return the sums, over the copies of each class, of the product of the values of its edges."""
    dtype = np.int64 if values.dtype.kind == "i" else np.float64
    sums, step = np.zeros((2, values.shape[1]), dtype), max(1, _ENTRIES // values.shape[1])
    for kind, edges in _copies(digraph):
        for start in range(0, edges.shape[1], step):
            a, b, c = (values[one] for one in edges[:, start : start + step])
            sums[kind] += (a * b * c).sum(0, dtype=dtype)
    return sums


def _units(digraph: SparseDigraph, *, undirected: bool) -> Int64[np.ndarray, " _edges"]:
    """Return which edges are permuted together, by numbers from 0 up."""
    if not undirected:
        return np.arange(len(digraph.sources))
    low = np.minimum(digraph.sources, digraph.targets)
    high = np.maximum(digraph.sources, digraph.targets)
    return np.unique(low * digraph.nodes + high, return_inverse=True)[1]


def _permuted(
    values: Num[np.ndarray, " _edges"],
    units: Int64[np.ndarray, " _edges"],
    number: int,
    rng: np.random.Generator,
) -> Iterator[Num[np.ndarray, "_edges _batch"]]:
    """Yield blocks of columns: the values of the edges, then draws in which they are permuted."""
    own = np.zeros(units.max(initial=-1) + 1, values.dtype)
    own[units] = values
    together = max(1, _ENTRIES // max(1, len(values)))
    for start in range(0, number + 1, together):
        if start:
            progress.update("counting draws", start, number)
        columns = range(start, min(number + 1, start + together))
        drawn = [rng.permutation(own) if column else own for column in columns]
        yield np.stack(drawn, 1)[units]
