"""Exact moments of copy counts if edges are independent, each with a probability of its own.

A count is a multilinear polynomial of the edges, so that

    Cov(X, Y) = sum over non-empty sets T of edges of w_X(T) w_Y(T) prod_(e in T) p_e (1 - p_e),

where w_X(T) sums, over the copies that contain T, the product of p over their other edges. All
terms of a variance are 0 or more, and no product of means is subtracted. Terms of one edge are
products of the slopes of two means, G = dE[X]/dp; all others are sums of patterns
(`_independent_plans`).
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations_with_replacement, pairwise

import numpy as np
from jaxtyping import Float

from ._classes import MotifClass, classes
from ._independent_plans import Plan, shared_edges, slopes
from ._moments import Moments
from ._weighted_sums import WeightedSums

_ROUNDING = 1e-12
"""A value below this share of the sum of its terms' sizes is 0."""

Probabilities = Sequence[Float[np.ndarray, "_sources _targets"]]


def independent_moments(
    probabilities: Probabilities, orders: Sequence[int] = (2, 3)
) -> dict[str, Moments]:
    """Return the moments of every class of some orders if edges are independent.

    **Arguments:** `probabilities` of the edges, by layer, (sources, targets); 0 forbids an edge.

    **Returns:** for each class, by name, arrays without batch axes.

    **Errors:** ValueError for layers that do not fit, or numbers that are not probabilities.
    """
    network = _Independent(probabilities)
    return {one.name: network.moments(one) for order in orders for one in classes(order)}


def independent_covariances(
    probabilities: Probabilities, orders: Sequence[int] = (2, 3)
) -> Float[np.ndarray, "classes classes"]:
    """Return the covariances of all classes, summed over base layers, if edges are independent.

    Rows and columns are in the order of `independent_moments`, whose arguments these are.
    """
    network = _Independent(probabilities)
    known = [motif for order in orders for motif in classes(order)]
    matrix = np.zeros((len(known), len(known)))
    for i, j in combinations_with_replacement(range(len(known)), 2):
        matrix[i, j] = matrix[j, i] = network.total_covariance(known[i], known[j])
    return matrix


class _Independent:
    """One network of independent edges; nodes with equal probabilities are merged."""

    def __init__(self, probabilities: Probabilities) -> None:
        self._probabilities, self._copies = _merged(_checked(probabilities))
        self._sums = WeightedSums(self._probabilities, self._copies)
        self._slopes: dict[tuple[MotifClass, int], list[np.ndarray]] = {}

    @cached_property
    def _variances(self) -> list[np.ndarray]:
        """p (1 - p) of each edge, times the number of edges that it stands for."""
        return [
            p * (1 - p) * np.outer(sources, targets)
            for p, (sources, targets) in zip(
                self._probabilities, pairwise(self._copies), strict=True
            )
        ]

    def bases(self, motif: MotifClass) -> range:
        return range(len(self._probabilities) - motif.span + 1)

    def slopes(self, motif: MotifClass, base: int) -> list[np.ndarray]:
        """Return the derivatives of the mean at one base layer, for the layers from it on."""
        key = motif, base
        if key not in self._slopes:
            self._slopes[key] = [
                self._evaluated(plan, base) / motif.automorphisms for plan in slopes(motif)
            ]
        return self._slopes[key]

    def mean(self, motif: MotifClass, base: int) -> float:
        """Return the mean at one base layer: it has a factor p for each edge of the layer."""
        slope, copies = self.slopes(motif, base)[0], self._copies
        edges = self._probabilities[base] * slope
        return copies[base] @ edges @ copies[base + 1] / motif.edges_per_layer[0]

    def covariance(self, first: MotifClass, second: MotifClass, base: int, offset: int) -> float:
        """Return the covariance of X at a base layer and Y `offset` layers further on."""
        own, moved = self.slopes(first, base), self.slopes(second, base + offset)
        low, high = base + max(0, offset), base + min(first.span, offset + second.span)
        one_edge = sum(
            (self._variances[at] * own[at - base] * moved[at - base - offset]).sum()
            for at in range(low, high)
        )
        more = self._evaluated(shared_edges(first, second, offset), base + min(0, offset))
        return float(one_edge + more / (first.automorphisms * second.automorphisms))

    def total_covariance(self, first: MotifClass, second: MotifClass) -> float:
        """Return the covariance of two counts, both summed over base layers."""
        return sum(
            self.covariance(first, second, base, other - base)
            for base in self.bases(first)
            for other in self.bases(second)
            if base < other + second.span and other < base + first.span
        )

    def moments(self, motif: MotifClass) -> Moments:
        bases = self.bases(motif)
        mean = np.array([self.mean(motif, base) for base in bases])
        variance = np.array([self.covariance(motif, motif, base, 0) for base in bases])
        # A copy further forward and one further back share edges in the same ways.
        further = sum(
            self.covariance(motif, motif, base, offset)
            for offset in range(1, motif.span)
            for base in bases[: len(bases) - offset]
        )
        total = variance.sum() + 2 * further
        return Moments(mean, np.sqrt(variance), np.asarray(mean.sum()), np.asarray(np.sqrt(total)))

    def _evaluated(self, plan: Plan, base: int) -> np.ndarray:
        """Return the sum of a plan's terms, 0 where nothing but rounding is left of them."""
        total = size = np.zeros(())
        for pattern, number in plan:
            term = number * self._sums.count(pattern, base)
            total, size = total + term, size + abs(term)
        return np.where(abs(total) > _ROUNDING * size, total, 0.0)


def _checked(probabilities: Probabilities) -> list[np.ndarray]:
    layers = [np.asarray(layer, float) for layer in probabilities]
    if not layers or any(layer.ndim != 2 for layer in layers):
        shapes = [layer.shape for layer in layers]
        raise ValueError(f"expected one matrix (sources, targets) for each layer, not {shapes}")
    for index, (left, right) in enumerate(pairwise(layers)):
        if left.shape[1] != len(right):
            raise ValueError(
                f"layer {index} has {left.shape[1]} targets but layer {index + 1} has "
                f"{len(right)} sources"
            )
    for index, layer in enumerate(layers):
        if not ((layer >= 0) & (layer <= 1)).all():
            raise ValueError(f"layer {index} holds numbers that are not between 0 and 1")
    return layers


def _merged(layers: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Merge the nodes of equal probabilities; return those of the rest, and the nodes merged."""
    chosen, copies = [], []
    for at in range(len(layers) + 1):
        sides = [layers[at - 1].T] if at else []
        sides += [layers[at]] if at < len(layers) else []
        alike: dict[bytes, list[int]] = {}
        for node, row in enumerate(np.concatenate(sides, 1)):
            alike.setdefault(row.tobytes(), []).append(node)
        chosen.append([nodes[0] for nodes in alike.values()])
        copies.append(np.array([len(nodes) for nodes in alike.values()], float))
    rest = [
        layer[np.ix_(sources, targets)]
        for layer, (sources, targets) in zip(layers, pairwise(chosen), strict=True)
    ]
    return rest, copies
