"""Moments under the `layered` null in rational numbers, for one network.

E[X] sums over placements of one copy, E[XY] over the ways in which a second copy can overlap a
first (Picard et al. 2008, J. Comput. Biol. 15:1; Matias et al. 2006, REVSTAT 4:31). They take edges
as independent or exchangeable; here the number of edges in each stratum is fixed, so that e given
edges are present with probability (m)_e / (N)_e, a ratio of falling factorials.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, lru_cache
from math import perm, prod
from typing import NamedTuple

from ._unions import Combination, common_automorphisms, single, span, unions


class Null(NamedTuple):
    """Nodes by group, places and edges by stratum (see `_unions`), and whether bias units count."""

    nodes: tuple[int, ...]
    places: tuple[int, ...]
    edges: tuple[int, ...]
    bias: bool

    def base_layers(self, layers_spanned: int) -> int:
        """Count the base layers of a class that spans so many layers of edges."""
        return max(0, len(self.places) // 2 - layers_spanned + 1)


@cache
def _probability(edges: int, places: int, given: int) -> Fraction:
    """Return the probability that all of `given` edges are present."""
    return Fraction(perm(edges, given), perm(places, given)) if given <= edges else Fraction(0)


def _all_there(null: Null, start: int, given: Sequence[int]) -> Fraction:
    strata = zip(null.edges[start:], null.places[start:], given, strict=False)
    return prod((_probability(m, n, e) for m, n, e in strata), start=Fraction(1))


def _ways(null: Null, start: int, nodes: Sequence[int]) -> int:
    return prod(perm(n, v) for n, v in zip(null.nodes[start:], nodes, strict=False))


def mean(combination: Combination, null: Null, base: int) -> Fraction:
    """Return the mean of a combination of counts at one base layer."""
    terms = (
        one.number * _ways(null, 2 * base, one.nodes) * _all_there(null, 2 * base, one.edges)
        for one in single(combination, null.bias)
    )
    return sum(terms, Fraction(0)) / common_automorphisms(combination)


@lru_cache(maxsize=1 << 12)
def covariance_at(
    first: Combination, second: Combination, null: Null, base: int, offset: int
) -> Fraction:
    """Return the covariance of X at base layer `base` and Y at `base + offset`."""
    overlapping = unions(first, second, offset, null.bias)
    start = 2 * (base + min(0, offset))
    joint = Fraction(0)
    for nodes, e1, e2, shared, number in zip(*(part.tolist() for part in overlapping), strict=True):
        union = [x + y - both for x, y, both in zip(e1, e2, shared, strict=True)]
        joint += number * _ways(null, start, nodes) * _all_there(null, start, union)
    joint /= common_automorphisms(first) * common_automorphisms(second)
    return joint - mean(first, null, base) * mean(second, null, base + offset)


def variances(combination: Combination, null: Null) -> list[Fraction]:
    """Return the variance of a combination of counts at each base layer."""
    bases = range(null.base_layers(span(combination)))
    return [covariance_at(combination, combination, null, base, 0) for base in bases]


def total_covariance(first: Combination, second: Combination, null: Null) -> Fraction:
    """Return the covariance of two combinations of counts, both summed over base layers."""
    terms = (
        covariance_at(first, second, null, base, offset)
        for base in range(null.base_layers(span(first)))
        for offset in range(1 - span(second), span(first))
        if 0 <= base + offset < null.base_layers(span(second))
    )
    return sum(terms, Fraction(0))
