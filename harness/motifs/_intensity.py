"""Intensity and coherence of weighted motifs, against permuted weights."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from harness.sparse.graph import LayeredGraph
from harness.stats import benjamini_hochberg

from ._classes import MotifClass, classes
from ._counts import base_layers
from ._independent_plans import slopes
from ._participation import participation
from ._significance import TOTAL
from ._weighted_sums import WeightedSums

if TYPE_CHECKING:
    import pandas as pd

Weights = Sequence[Float[np.ndarray, "_sources _targets"]]

_CONSTANT = 1e-9
"""A standard deviation below this share of the mean is rounding: all draws are equal."""


def intensity_profile(
    graph: LayeredGraph,
    weights: Sequence[Float[np.ndarray, "networks _sources _targets"]],
    orders: Sequence[int] = (2, 3),
    *,
    draws: int = 100,
    seed: int = 0,
) -> "pd.DataFrame":
    """Compare the intensity of each class with that after permuting weights within layers.

    The intensity of a copy is the geometric mean of its edges' |weight|, its coherence intensity
    over their arithmetic mean (Onnela et al. 2005, Phys. Rev. E 71:065103). Edges stay where they
    are, so the copies do, too. Copies need not be induced.

    **Arguments:** `graph` with one leading batch axis; `weights` by layer, 0 where no edge is.
    Draws of a network depend on `seed` and its place.

    **Returns:** a row per network and class that has copies, summed over base layers: count (the
    mean intensity of copies), expected, sd, z, log2_ratio and p (two-sided, by rank) by the draws,
    q over the classes of one network; copies, their number; `coherence`, total intensity over the
    total of arithmetic means, and its z.

    **Errors:** those of `counts`.
    """
    import pandas as pd

    reason = "edges share weights" if graph.places is not None and graph.places.shared else ""
    known, tables = [motif for order in orders for motif in classes(order)], []
    for place in range(len(weights[0])):
        wires = tuple(np.asarray(layer)[place] for layer in graph.adjacency)
        taking_part = participation(LayeredGraph(wires), orders)
        through = {name: one.edges for name, one in taking_part.items()}
        there = [one for one in known if any(map(np.any, through[one.name]))]
        own = [np.abs(layer[place].astype(float)) for layer in weights]
        drawn = _permuted(own, draws, np.random.default_rng((seed, place)))
        found = np.array([_totals(one, there, through) for one in (own, *drawn)])
        rows = []
        for number, motif in enumerate(there):
            copies = sum(int(layer.sum()) for layer in through[motif.name]) // len(motif.edges)
            intensity, arithmetic = found[:, number].T
            coherence = scored_means(intensity / arithmetic)
            row = {"order": motif.order, "motif": motif.name, "copies": copies}
            row |= {"coherence": coherence["count"], "coherence_z": coherence["z"]}
            rows.append(row | scored_means(intensity / copies))
        table = pd.DataFrame(rows)
        p = np.full(len(rows), np.nan) if reason else table["p"].to_numpy(float)
        tables.append(table.assign(network=place, p=p, q=benjamini_hochberg(p)))
    return pd.concat(tables, ignore_index=True).assign(
        null="weights", draws=draws, base_layer=TOTAL, calibrated=not reason, uncalibrated=reason
    )


def _totals(
    weights: Weights, known: Sequence[MotifClass], through: Mapping[str, Sequence[np.ndarray]]
) -> list[tuple[float, float]]:
    """Return for each class the sums over its copies of geometric and of arithmetic means.

    A sum of products over copies is the mean count of independent edges, weights for chances.
    """
    by_size = {}
    for size in {len(motif.edges) for motif in known}:
        roots = [layer ** (1 / size) for layer in weights]
        ones = [np.ones(n) for n in (len(roots[0]), *(layer.shape[1] for layer in roots))]
        by_size[size] = roots, WeightedSums(roots, ones)
    found = []
    for motif in known:
        size, total = len(motif.edges), 0.0
        roots, sums = by_size[size]
        for base in range(base_layers(motif, len(weights))):
            slope = sum(number * sums.count(one, base) for one, number in slopes(motif)[0])
            total += float((roots[base] * slope).sum())
        arithmetic = sum(
            float((layer * times).sum())
            for layer, times in zip(weights, through[motif.name], strict=True)
        )
        found.append((total / (motif.automorphisms * motif.edges_per_layer[0]), arithmetic / size))
    return found


def _permuted(
    weights: Weights, number: int, rng: np.random.Generator
) -> Iterator[list[np.ndarray]]:
    """Yield draws in which the weights of each layer's edges are permuted."""
    for _ in range(number):
        drawn = [np.zeros_like(layer) for layer in weights]
        for layer, new in zip(weights, drawn, strict=True):
            new[layer > 0] = rng.permutation(layer[layer > 0])
        yield drawn


def scored_means(values: Float[np.ndarray, " networks"]) -> dict[str, float]:
    """Return the columns of the first value beside the others, which are those of draws."""
    own, drawn = values[0], values[1:]
    mean, sd = drawn.mean(), drawn.std(ddof=1)
    z = p = np.nan
    if sd > _CONSTANT * mean:
        z = (own - mean) / sd
        tail = min((drawn <= own).sum(), (drawn >= own).sum())
        p = min(1.0, 2 * (tail + 1) / (len(drawn) + 1))
    else:
        sd = 0.0
    ratio = np.log2(own / mean)
    return {"count": own, "expected": mean, "sd": sd, "z": z, "log2_ratio": ratio, "p": p}
