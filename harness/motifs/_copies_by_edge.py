"""The number of copies of a class that run through each edge of a layered graph."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float

Layer = Float[np.ndarray, "_sources _targets"]

Class3: TypeAlias = Literal[
    "diverge2", "converge2", "chain2", "diverge3", "converge3", "chain3", "chain_diverge",
    "converge_chain", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail",
]  # fmt: skip
"""The classes of orders 2 and 3."""


def copies_by_edge(
    adjacency: Sequence[Bool[np.ndarray, "_sources _targets"]], name: Class3
) -> list[Layer]:
    """Count, for each edge of one network, the copies of a class of order 2 or 3 that contain it.

    A copy is lost with any of its edges, so this is the fall of `counts` if the edge is cut.

    **Returns:** an array for each layer, (sources, targets), 0 where there is no edge. Sums of
    whole numbers in float64, exact below 2^53.
    """
    layers = [np.asarray(wires, float) for wires in adjacency]
    ends = [np.zeros((layers[0].shape[0],) * 2), *layers, np.zeros((layers[-1].shape[1],) * 2)]
    count: Callable[[_Around], Layer] = getattr(_Around, name)
    return [
        np.where(adjacency[number], count(_Around(ends, number + 1)), 0)
        for number in range(len(layers))
    ]


def paths_at_nodes(
    layers: Sequence[Layer],
) -> tuple[list[Float[np.ndarray, " _nodes"]], list[Float[np.ndarray, " _nodes"]]]:
    """Count by layer of nodes the paths from inputs to each node, and those from it to outputs."""
    above = [np.ones(layers[0].shape[0])]
    for wires in layers:
        above.append(above[-1] @ wires)
    below = [np.ones(layers[-1].shape[1])]
    for wires in reversed(layers):
        below.append(wires @ below[-1])
    return above, below[::-1]


class _Around:
    """One layer of edges i->j with the layers before and after it; each class is a method.

    `out` and `into` are the degrees of i and j within the layer, `fed` the in-degree of i, `feeds`
    the out-degree of j. Each method is a sum over the roles that the edge can have in a copy.
    """

    def __init__(self, layers: Sequence[Layer], at: int) -> None:
        self.before, self.wires, self.after = layers[at - 1 : at + 2]
        self.first = layers[at - 2] if at > 1 else self.before * 0
        self.last = layers[at + 2] if at + 2 < len(layers) else self.after * 0
        self.out, self.into = self.wires.sum(1)[:, None], self.wires.sum(0)[None]
        self.fed, self.feeds = self.before.sum(0)[:, None], self.after.sum(1)[None]

    def diverge2(self) -> Layer:
        return self.out - 1 + 0 * self.into

    def converge2(self) -> Layer:
        return self.into - 1 + 0 * self.out

    def chain2(self) -> Layer:
        return self.fed + self.feeds

    def diverge3(self) -> Layer:
        return _pairs(self.out - 1) + 0 * self.into

    def converge3(self) -> Layer:
        return _pairs(self.into - 1) + 0 * self.out

    def chain3(self) -> Layer:
        further = (self.after @ self.last.sum(1))[None]
        earlier = (self.first.sum(0) @ self.before)[:, None]
        return further + self.fed * self.feeds + earlier

    def chain_diverge(self) -> Layer:
        return _pairs(self.feeds) + self.fed * (self.out - 1)

    def converge_chain(self) -> Layer:
        return (self.into - 1) * self.feeds + _pairs(self.fed)

    def bifan(self) -> Layer:
        return self.wires @ (self.wires.T @ self.wires) - self.out - self.into + 1

    def biparallel(self) -> Layer:
        first = (self.wires @ self.after) @ self.after.T - self.feeds
        second = self.before.T @ (self.before @ self.wires) - self.fed
        return first + second

    def zigzag(self) -> Layer:
        left = self.wires @ (self.into - 1).T - (self.into - 1)
        right = (self.out - 1).T @ self.wires - (self.out - 1)
        return (self.out - 1) * (self.into - 1) + left + right

    def fork_tail(self) -> Layer:
        beside = self.wires @ self.feeds.T - self.feeds
        tail = (self.before.T @ (self.before.sum(1) - 1))[:, None]
        return (self.out - 1) * self.feeds + beside + tail

    def merge_tail(self) -> Layer:
        beside = self.fed.T @ self.wires - self.fed
        tail = (self.after @ (self.after.sum(0) - 1))[None]
        return self.fed * (self.into - 1) + beside + tail


def _pairs(number: Layer) -> Layer:
    return number * (number - 1) / 2
