"""Exact moments of copy and induced counts under the `layered` null, a batch of networks at a time.

The null places, for each layer on its own, the m_l edges uniformly and without replacement among
the N_l = n_l n_(l+1) places; bias edges, if they count, among the n_(l+1) nodes of their layer.
Over the unions u of two copies, which are present with probabilities p and p',

    Cov = sum over u of ways(u) (P(u) - p p') = sum over u of ways(u) p p' (exp(D(u)) - 1),

with D(u) = log(P(u) / (p p')) from sums of log1p of small numbers: E[XY] and E[X] E[Y], which are
nearly equal, are never computed. If terms of unions still cancel, which their sizes show, the sum
is computed in rational numbers (`_exact`), so that a variance is exactly 0 where it should be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from . import _exact
from ._classes import MotifClass, classes, induced_combination
from ._fixed_edges import Nulls, Sizes, Tables, fixed_edges
from ._unions import Combination, common_automorphisms, most_edges, single, span, unions

_DOUBTFUL = 1e-4
"""A variance below this share of the sum of its terms' sizes has lost four digits."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and standard deviation of one class's count, by base layer and summed over them.

    `total_sd` includes the covariance between base layers that share edges. A standard deviation is
    0.0 exactly if the count is constant under the null.
    """

    mean: Float[np.ndarray, "*batch base_layers"]
    sd: Float[np.ndarray, "*batch base_layers"]
    total_mean: Float[np.ndarray, "*batch"]
    total_sd: Float[np.ndarray, "*batch"]


def moments(
    nodes: Sizes,
    edges: Sizes,
    orders: Sequence[int] = (2, 3),
    *,
    bias_edges: Sizes | None = None,
    induced: bool = False,
) -> dict[str, Moments]:
    """Return the moments of every class of some orders under the `layered` null.

    **Arguments:** `nodes`, n_0..n_L, shape (*batch, L+1), and `edges`, m_0..m_(L-1), shape
    (*batch, L); `bias_edges`, shape (*batch, L), if bias units count as nodes: edges of layer l's
    unit, placed uniformly over the nodes of layer l+1; `induced` for the moments of induced instead
    of copy counts.

    **Returns:** for each class, by name, arrays with the leading axes of the arguments.

    **Errors:** ValueError if the edges do not fit between the nodes.
    """
    nulls, batch = fixed_edges(nodes, edges, bias_edges)
    known = [motif for order in orders for motif in classes(order)]
    combined: dict[str, Combination] = {
        motif.name: induced_combination(motif) if induced else ((motif, 1),) for motif in known
    }
    tables = Tables(nulls, max((most_edges(one) for one in combined.values()), default=0))
    return {name: _moments(one, nulls, tables, batch) for name, one in combined.items()}


def covariances(
    nodes: Sizes,
    edges: Sizes,
    orders: Sequence[int] = (2, 3),
    *,
    bias_edges: Sizes | None = None,
) -> Float[np.ndarray, "*batch classes classes"]:
    """Return the covariances of the copy counts of all pairs of classes, summed over base layers.

    They serve tests of several classes at once. **Arguments** and **errors** are those of
    `moments`. Classes are in the order of `classes`, one order after the other.
    """
    nulls, batch = fixed_edges(nodes, edges, bias_edges)
    known: list[Combination] = [((motif, 1),) for order in orders for motif in classes(order)]
    tables = Tables(nulls, max((most_edges(one) for one in known), default=0))
    matrices = np.zeros((nulls.networks, len(known), len(known)))
    for (i, first), (j, second) in combinations_with_replacement(enumerate(known), 2):
        offsets = range(1 - span(second), span(first))
        total = _total([_covariance(first, second, offset, nulls, tables) for offset in offsets])
        for row in total.doubtful():
            total.value[:, row] = _exact.total_covariance(first, second, nulls.of(row))
        matrices[:, i, j] = matrices[:, j, i] = total.value
    return matrices.reshape(*batch, len(known), len(known))


def covariance(
    first: MotifClass,
    second: MotifClass,
    nodes: Sequence[int],
    edges: Sequence[int],
    *,
    bias_edges: Sequence[int] | None = None,
) -> Fraction:
    """Return the covariance of two classes' copy counts, summed over base layers, as a fraction.

    For one network; `covariances` is faster. **Errors** are those of `moments`.
    """
    nulls, _ = fixed_edges(nodes, edges, bias_edges)
    return _exact.total_covariance(((first, 1),), ((second, 1),), nulls.of(0))


def _means(
    combination: Combination, nulls: Nulls, tables: Tables
) -> Float[np.ndarray, "base_layers networks"]:
    bases = np.arange(nulls.base_layers(span(combination)))
    total = np.zeros((len(bases), nulls.networks))
    for placed in single(combination, nulls.bias):
        term = np.full(total.shape, float(placed.number))
        for group, number in enumerate(placed.nodes):
            if number:
                term *= tables.falling[2 * bases + group, number]
        for stratum, number in enumerate(placed.edges):
            if number:
                term *= tables.probability[2 * bases + stratum, number]
        total += term
    return total / common_automorphisms(combination)


class _Sum(NamedTuple):
    """A covariance and the sum of the sizes of its terms, by base layer of the first class."""

    value: Float[np.ndarray, "base_layers networks"]
    size: Float[np.ndarray, "base_layers networks"]

    def doubtful(self) -> list[int]:
        """Return the networks for which too many digits have cancelled."""
        lost = (np.abs(self.value) <= _DOUBTFUL * self.size) & (self.size > 0)
        return np.flatnonzero(lost.any(0)).tolist()


def _covariance(
    first: Combination, second: Combination, offset: int, nulls: Nulls, tables: Tables
) -> _Sum:
    """Return the covariance of X at each base layer and Y `offset` layers further on, if any."""
    low = max(0, -offset)
    high = min(nulls.base_layers(span(first)), nulls.base_layers(span(second)) - offset)
    start = 2 * (np.arange(low, high) + min(0, offset))[:, None]
    found = unions(first, second, offset, nulls.bias)
    ways = found.number[:, None] / (common_automorphisms(first) * common_automorphisms(second))
    excess = np.zeros((len(start), len(found.number), nulls.networks))
    for group in np.flatnonzero(found.nodes.any(0)):
        ways = ways * tables.falling[start + group, found.nodes[:, group]]
    for stratum in np.flatnonzero(found.first.any(0) | found.second.any(0)):
        e, f = found.first[:, stratum], found.second[:, stratum]
        ways = ways * tables.joint[start + stratum, e, f]
        excess += tables.excess[start + stratum, e, f, found.shared[:, stratum]]
    terms = ways * np.expm1(excess)
    return _Sum(terms.sum(1), np.abs(terms).sum(1))


def _total(parts: Sequence[_Sum]) -> _Sum:
    """Return the sum over all offsets and base layers."""
    return _Sum(*(sum(part[i].sum(0, keepdims=True) for part in parts) for i in (0, 1)))


def _moments(
    combination: Combination, nulls: Nulls, tables: Tables, batch: tuple[int, ...]
) -> Moments:
    mean = _means(combination, nulls, tables)
    parts = [
        _covariance(combination, combination, offset, nulls, tables)
        for offset in range(span(combination))
    ]
    by_base = parts[0]
    # A copy further forward and one further back make the same unions.
    total = _total([by_base, *(part for part in parts[1:] for _ in range(2))])
    for row in by_base.doubtful():
        by_base.value[:, row] = _exact.variances(combination, nulls.of(row))
    for row in total.doubtful():
        total.value[:, row] = _exact.total_covariance(combination, combination, nulls.of(row))
    return Moments(
        mean.T.reshape(*batch, len(mean)),
        np.sqrt(by_base.value).T.reshape(*batch, len(mean)),
        mean.sum(0).reshape(batch),
        np.sqrt(total.value).reshape(batch),
    )
