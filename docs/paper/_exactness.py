"""How exact the moments are: against all graphs of small sizes, and beside independent edges."""

import math
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np

from harness import LayeredGraph, motifs

SMALL = (2, 3, 2, 2), (3, 3, 2)
"""Nodes and edges of the graphs that are enumerated."""
PUBLISHED, DENSITY = (10, 400, 400, 400, 16, 7), 0.07
"""Nodes of the published networks, and the density at 93 % pruned."""


def exactness() -> dict[str, Any]:
    """Return the errors of moments against enumeration, and the ratio of variances to G(n, p)'s."""
    (nodes, edges), known = SMALL, {one.name: one for n in (2, 3) for one in motifs.classes(n)}
    copies = {name: count.sum(-1) for name, count in motifs.counts(_all_graphs()).items()}
    found = motifs.moments(nodes, edges)
    graphs, names = len(copies["chain2"]), list(copies)
    errors, equal, pairs = [0.0], 0, 0
    means = {name: Fraction(int(copies[name].sum()), graphs) for name in names}
    for i, name in enumerate(names):
        for other in names[i:]:
            together = Fraction(int((copies[name] * copies[other]).sum()), graphs)
            exact = together - means[name] * means[other]
            found_exactly = motifs.covariance(known[name], known[other], nodes, edges)
            equal, pairs = equal + (found_exactly == exact), pairs + 1
            if other == name and exact:
                sd = float(found[name].total_sd)
                errors += [abs(sd / math.sqrt(exact) - 1)]
        if means[name]:
            errors += [abs(float(found[name].total_mean) / float(means[name]) - 1)]
    return {
        "nodes": nodes, "edges": edges, "graphs": graphs, "classes": len(names),
        "pairs": pairs, "equal": equal, "error": _rounded_up(max(errors)),
        **_independent(),
    }  # fmt: skip


def _all_graphs() -> LayeredGraph:
    """Return all graphs of the small sizes as one batch."""
    layers = []
    for (a, b), m in zip(pairwise(SMALL[0]), SMALL[1], strict=True):
        chosen = np.zeros((math.comb(a * b, m), a * b), bool)
        for row, places in enumerate(combinations(range(a * b), m)):
            chosen[row, list(places)] = True
        layers.append(chosen.reshape(-1, a, b))
    picks = np.array(list(product(*(range(len(layer)) for layer in layers))))
    return LayeredGraph(tuple(layer[pick] for layer, pick in zip(layers, picks.T, strict=True)))


def _rounded_up(error: float) -> int:
    """Return the power of ten that an error is below."""
    return math.floor(math.log10(max(error, 1e-16))) + 1


def _independent() -> dict[str, Any]:
    """Return how much larger variances are if edges are independent, at the published size."""
    sizes = list(pairwise(PUBLISHED))
    edges = [int(DENSITY * a * b) for a, b in sizes]
    fixed = motifs.moments(PUBLISHED, edges)
    chances = [np.full((a, b), m / (a * b)) for (a, b), m in zip(sizes, edges, strict=True)]
    free = motifs.independent_moments(chances)
    ratios = [float(free[name].total_sd / one.total_sd) ** 2 for name, one in fixed.items()]
    return {"density": DENSITY, "least": min(ratios), "most": max(ratios)}
