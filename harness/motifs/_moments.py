"""Exact moments of copy and induced counts under the `layered` null.

The null places, for each layer on its own, the m_l edges uniformly and without replacement among
the N_l = n_l n_(l+1) places. E[X] sums over placements of one copy, E[XY] over the ways in which a
second copy can overlap a first (Picard et al. 2008, J. Comput. Biol. 15:1; Matias et al. 2006,
REVSTAT 4:31). There the edge probabilities come from independent or exchangeable edges; here they
are (m)_e / (N)_e, falling factorials, because the number of edges in each layer is fixed.

Everything up to the last division is done in Python integers over common denominators, so that
variances, which are small differences of large numbers, are exact, and zero only where they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import perm, prod, sqrt

import numpy as np
from jaxtyping import Float, Int

from ._classes import MotifClass, classes, induced_combination
from ._unions import Combination, Overlap, common_automorphisms, most_edges, single, unions

Sizes = Sequence[int] | Int[np.ndarray, "_layers"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and standard deviation of one class's count, by base layer and summed over them.

    `total_sd` knows of the covariance between base layers that share edges. A standard deviation is
    0.0 exactly where the count is constant under the null. Arrays are read-only: they are cached.
    """

    mean: Float[np.ndarray, " base_layers"]
    sd: Float[np.ndarray, " base_layers"]
    total_mean: float
    total_sd: float


def moments(
    nodes: Sizes,
    edges: Sizes,
    orders: Sequence[int] = (2, 3),
    *,
    induced: bool = False,
) -> dict[str, Moments]:
    """The moments of every class of some orders under the `layered` null.

    **Arguments:** `nodes`, n_0..n_L; `edges`, m_0..m_(L-1); `induced` for the moments of induced
    instead of copy counts. Results are cached.

    **Errors:** ValueError where the edges do not fit between the nodes.
    """
    nodes, edges = _checked(nodes, edges)
    combinations_ = {
        motif.name: induced_combination(motif) if induced else ((motif, 1),)
        for order in orders
        for motif in classes(order)
    }
    return {name: _moments(c, nodes, edges) for name, c in combinations_.items()}


def covariance(first: MotifClass, second: MotifClass, nodes: Sizes, edges: Sizes) -> Fraction:
    """The exact covariance of two classes' copy counts, both summed over base layers."""
    nodes, edges = _checked(nodes, edges)
    pair = ((first, 1),), ((second, 1),)
    null = _Null(nodes, edges, most_edges(pair[0]) + most_edges(pair[1]))
    scale = common_automorphisms(pair[0]) * common_automorphisms(pair[1])
    terms = (
        Fraction(*null.covariance(*pair, base, offset))
        for base in range(null.base_layers(first.span))
        for offset in range(1 - second.span, first.span)
        if 0 <= base + offset < null.base_layers(second.span)
    )
    return sum(terms, Fraction(0)) / scale


def _checked(nodes: Sizes, edges: Sizes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    nodes, edges = tuple(map(int, nodes)), tuple(map(int, edges))
    if len(nodes) != len(edges) + 1:
        raise ValueError(f"{len(nodes)} layers of nodes need {len(nodes) - 1} edge counts: {edges}")
    for layer, (a, b, m) in enumerate(zip(nodes, nodes[1:], edges, strict=False)):
        if not 0 <= m <= a * b or min(a, b) < 0:
            raise ValueError(f"layer {layer}: {m} edges do not fit between {a} and {b} nodes")
    return nodes, edges


@lru_cache(maxsize=1 << 16)
def _moments(combination: Combination, nodes: tuple[int, ...], edges: tuple[int, ...]) -> Moments:
    span = combination[0][0].span
    null = _Null(nodes, edges, 2 * most_edges(combination))
    bases = range(null.base_layers(span))
    scale = common_automorphisms(combination)
    means = [null.mean(combination, base) for base in bases]
    variances, total, shared = [], 0, prod(null.denominators) ** 2
    for base in bases:
        for offset in range(min(span, len(bases) - base)):
            value, over = null.covariance(combination, combination, base, offset)
            total += (2 if offset else 1) * value * (shared // over)
            if offset == 0:
                variances.append(value / (over * scale**2))
    total_mean = sum(value * (shared // over) for value, over in means)
    mean = np.array([value / (over * scale) for value, over in means], float)
    sd = np.sqrt(np.array(variances, float))
    mean.flags.writeable = sd.flags.writeable = False
    total_sd = sqrt(total / (shared * scale**2))
    return Moments(mean, sd, total_mean / (shared * scale), total_sd)


class _Null:
    """Falling factorials of one network's node and edge counts, as integers.

    The probability (m)_e / (N)_e of e given edges in a layer is `edges[layer][e]` over
    `denominators[layer]` = (N)_E, with E the most edges that a union of two copies can have in one
    layer (or N, if that is less: then no more than N edges have a probability above 0).
    """

    def __init__(self, nodes: tuple[int, ...], edges: tuple[int, ...], most: int) -> None:
        places = [a * b for a, b in pairwise(nodes)]
        # Every node of a union touches an edge of the layer before or after it.
        self.nodes = [[perm(n, v) for v in range(2 * most + 1)] for n in nodes]
        self.denominators = [perm(N, min(N, most)) for N in places]
        self.edges = [
            [perm(m, e) * perm(N - e, min(N, most) - e) if e <= m else 0 for e in range(most + 1)]
            for m, N in zip(edges, places, strict=True)
        ]

    def base_layers(self, span: int) -> int:
        return max(0, len(self.edges) - span + 1)

    def mean(self, combination: Combination, base: int) -> tuple[int, int]:
        """E[X] at one base layer, times the common automorphisms, as numerator, denominator."""
        span = combination[0][0].span
        return self._expectation(single(combination), base), prod(
            self.denominators[base : base + span]
        )

    def covariance(
        self, first: Combination, second: Combination, base: int, offset: int
    ) -> tuple[int, int]:
        """Cov of X at `base` and Y at `base + offset`, as numerator, denominator; scaled alike."""
        mean_x, over_x = self.mean(first, base)
        mean_y, over_y = self.mean(second, base + offset)
        start = base + min(0, offset)
        stop = base + max(first[0][0].span, offset + second[0][0].span)
        both = prod(self.denominators[start:stop])
        joint = self._expectation(unions(first, second, offset), start)
        over = over_x * over_y
        return joint * (over // both) - mean_x * mean_y, over

    def _expectation(self, overlaps: Sequence[Overlap], start: int) -> int:
        nodes, edges = self.nodes[start:], self.edges[start:]
        total = 0
        for node_numbers, edge_numbers, term in overlaps:
            for table, number in zip(nodes, node_numbers, strict=False):
                term *= table[number]
            for table, number in zip(edges, edge_numbers, strict=False):
                term *= table[number]
            total += term
        return total
