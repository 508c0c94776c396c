"""Counts of weighted patterns in one network, without computing any product twice."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import reduce
from math import prod
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._independent_plans import Powers, Weighted


class _Operand(NamedTuple):
    """The number of a stored array, and the nodes of the pattern on its axes."""

    number: int
    axes: tuple[int, ...]


class WeightedSums:
    """Weighted homomorphism counts in one network, whose nodes may stand for several equal ones.

    `probabilities` are by layer of edges, `copies` by layer of nodes: how many each stands for.
    """

    def __init__(
        self,
        probabilities: Sequence[Float[np.ndarray, "_sources _targets"]],
        copies: Sequence[Float[np.ndarray, " _nodes"]],
    ) -> None:
        self._probabilities, self._copies = probabilities, copies
        self._stored: list[np.ndarray] = []
        self._known: dict[Hashable, int] = {}

    def count(self, pattern: Weighted, base: int) -> Float[np.ndarray, "..."]:
        """Return the count from layer `base` on: a number, or a matrix over two open nodes.

        One node after the other is summed over, the cheapest next, while one has at most two
        neighbours. NumPy chooses the order of what is left, as in some unions of order 4.
        """
        layers = [base + layer for layer in pattern.layers]
        sizes = [len(self._copies[layer]) for layer in layers]
        left = set(range(len(layers))) - set(pattern.open)
        operands = [
            _Operand(self._weight(layers[edge[0]], powers), edge) for edge, powers in pattern.edges
        ]
        operands += [_Operand(self._multiplicity(layers[node]), (node,)) for node in left]
        while left:
            near = {node: {n for o in operands if node in o.axes for n in o.axes} for node in left}
            node = min(left, key=lambda n: (len(near[n]) > 3, prod(sizes[m] for m in near[n]), n))
            if len(near[node]) > 3:
                break
            used = [operand for operand in operands if node in operand.axes]
            operands = [operand for operand in operands if node not in operand.axes]
            operands.append(self._summed_over(node, used))
            left.remove(node)
        arguments: list = [item for o in operands for item in (self._stored[o.number], o.axes)]
        for node in pattern.open:
            arguments += [np.ones(sizes[node]), (node,)]
        return np.asarray(np.einsum(*arguments, pattern.open, optimize="greedy" if left else False))

    def _store(self, key: Hashable, compute: Callable[[], np.ndarray]) -> int:
        if key not in self._known:
            self._known[key] = len(self._stored)
            self._stored.append(compute())
        return self._known[key]

    def _multiplicity(self, layer: int) -> int:
        return self._store(("copies", layer), lambda: self._copies[layer])

    def _weight(self, layer: int, powers: Powers) -> int:
        p, (a, b) = self._probabilities[layer], powers
        return self._store(("weight", layer, powers), lambda: p ** (a + b) * (1 - p) ** b)

    def _summed_over(self, node: int, used: Sequence[_Operand]) -> _Operand:
        """Return the product of operands, summed over a node with at most two neighbours."""
        by_nodes: defaultdict[frozenset[int], list[_Operand]] = defaultdict(list)
        for operand in used:
            by_nodes[frozenset(operand.axes)].append(operand)
        weights = self._multiplied(by_nodes.pop(frozenset({node}))).number
        merged = map(self._multiplied, by_nodes.values())
        parts = sorted((one.number, one.axes.index(node), sum(one.axes) - node) for one in merged)
        sides = tuple(part[:2] for part in parts)
        number = self._store(("sum", weights, sides), lambda: self._sum(weights, sides))
        return _Operand(number, tuple(other for _, _, other in parts))

    def _sum(self, weights: int, sides: Sequence[tuple[int, int]]) -> np.ndarray:
        """Return the sum over a vector's axis of its product with matrices, given with sides."""
        vector = self._stored[weights]
        matrices = [np.moveaxis(self._stored[number], side, 0) for number, side in sides]
        if len(matrices) == 2:
            return (matrices[0] * vector[:, None]).T @ matrices[1]
        return matrices[0].T @ vector if matrices else np.asarray(vector.sum())

    def _multiplied(self, same: Sequence[_Operand]) -> _Operand:
        """Return the elementwise product of operands with equal nodes."""
        axes = min(same).axes
        factors = tuple(sorted((one.number, one.axes == axes) for one in same))
        if len(factors) == 1:
            return same[0]
        number = self._store(
            ("product", factors),
            lambda: reduce(
                np.multiply, (self._stored[n] if way else self._stored[n].T for n, way in factors)
            ),
        )
        return _Operand(number, axes)
