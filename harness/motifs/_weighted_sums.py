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
        probabilities: Sequence[Float[np.ndarray, "sources targets"]],
        copies: Sequence[Float[np.ndarray, " nodes"]],
    ):
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
        return np.einsum(*arguments, pattern.open, optimize="greedy" if left else False)

    def _store(self, key: Hashable, compute: Callable[[], np.ndarray]) -> int:
        if key not in self._known:
            self._known[key] = len(self._stored)
            self._stored.append(compute())
        return self._known[key]

    def _multiplicity(self, layer: int) -> int:
        return self._store(("copies", layer), lambda: self._copies[layer])

    def _weight(self, layer: int, powers: Powers) -> int:
        def weight() -> np.ndarray:
            p = self._probabilities[layer]
            return p ** sum(powers) * (1 - p) ** powers[1]

        return self._store(("weight", layer, powers), weight)

    def _summed_over(self, node: int, used: Sequence[_Operand]) -> _Operand:
        """Return the product of operands, summed over a node with at most two neighbours."""
        by_nodes: defaultdict[frozenset[int], list[_Operand]] = defaultdict(list)
        for operand in used:
            by_nodes[frozenset(operand.axes)].append(operand)
        weights = self._multiplied(by_nodes.pop(frozenset({node}))).number
        # Sides come before the other node, which says nothing about the values.
        parts = sorted(
            (one.number, one.axes.index(node), sum(one.axes) - node)
            for one in map(self._multiplied, by_nodes.values())
        )
        key = ("sum", weights, *(part[:2] for part in parts))

        def summed() -> np.ndarray:
            result = self._stored[weights]
            matrices = [np.moveaxis(self._stored[number], side, 0) for number, side, _ in parts]
            if not matrices:
                return result.sum()
            result = (
                matrices[0].T @ result
                if len(matrices) == 1
                else ((matrices[0] * result[:, None]).T @ matrices[1])
            )
            return result

        return _Operand(self._store(key, summed), tuple(other for _, _, other in parts))

    def _multiplied(self, same: Sequence[_Operand]) -> _Operand:
        """Return the elementwise product of operands with equal nodes."""
        axes = min(same).axes
        factors = sorted((one.number, one.axes == axes) for one in same)
        if len(factors) == 1:
            return same[0]

        def product() -> np.ndarray:
            arrays = (self._stored[n] if same_way else self._stored[n].T for n, same_way in factors)
            return reduce(np.multiply, arrays)

        return _Operand(self._store(("product", *factors), product), axes)
