"""Paths from inputs to outputs: how many pass each node, and what a swap of two edges changes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def paths_at_nodes(
    layers: Sequence[Float[np.ndarray, "_sources _targets"]],
) -> tuple[list[Float[np.ndarray, " _nodes"]], list[Float[np.ndarray, " _nodes"]]]:
    """Count by layer of nodes the paths from inputs to each node, and those from it to outputs."""
    above = [np.ones(layers[0].shape[0])]
    for wires in layers:
        above.append(above[-1] @ wires)
    below = [np.ones(layers[-1].shape[1])]
    for wires in reversed(layers):
        below.append(wires @ below[-1])
    return above, below[::-1]


class PathsUnderSwaps:
    """The paths of a network whose edges are swapped, followed swap by swap.

    A swap makes a->b, c->d of a layer into a->d, c->b. What it does to the number of paths follows
    from four nodes. `above[k]` and `below[k]` count the paths from inputs to each node of layer k,
    and from it to outputs; `reached[k]` and `leading[k]` say where there is one, and `fed[k]` and
    `feeds[k]` count the edges from reached sources and to leading targets.
    """

    def __init__(self, wires: Sequence[Float[np.ndarray, "_sources _targets"]]) -> None:
        self._wires = wires
        self._above, self._below = paths_at_nodes(wires)
        self._start = self._total = float(self._above[-1].sum())
        self._mark()

    def _mark(self) -> None:
        above, below = paths_at_nodes(self._wires)
        self._reached = [paths > 0 for paths in above]
        self._leading = [paths > 0 for paths in below]
        pairs = zip(self._wires, self._reached, self._leading[1:], strict=False)
        marked = [(ends @ wires, wires @ others) for wires, ends, others in pairs]
        self._fed = [self._reached[0] * 0.0, *(fed for fed, _ in marked)]
        self._feeds = [*(feeds for _, feeds in marked), self._leading[-1] * 0.0]

    def _gains(self, layer: int, a: int, b: int, c: int, d: int) -> tuple[int, int]:
        """Return what b gains in edges from reached sources, and a in edges to leading targets."""
        reached, leading = self._reached[layer], self._leading[layer + 1]
        return int(reached[c]) - int(reached[a]), int(leading[d]) - int(leading[b])

    def _turned(self, layer: int, a: int, b: int, c: int, d: int) -> list[bool]:
        """Return whether a swap turns b or d from reached to not or back, and a or c in leading."""
        fed, feeds = self._gains(layer, a, b, c, d)
        ins, outs = self._fed[layer + 1], self._feeds[layer]
        reached, leading = self._reached[layer + 1], self._leading[layer]
        return [
            bool((ins[b] + fed > 0) != reached[b]),
            bool((ins[d] - fed > 0) != reached[d]),
            bool((outs[a] + feeds > 0) != leading[a]),
            bool((outs[c] - feeds > 0) != leading[c]),
        ]

    def stay(self, layer: int, a: int, b: int, c: int, d: int, *, within: float) -> bool:
        """Return whether a swap leaves the same nodes on paths, and about as many paths.

        `within` is the share of the paths at the start by which their number may differ from it.
        A node that is not reached has sources that are not, so that only the four nodes of a swap
        can come onto a path or leave all.
        """
        leading, reached = self._leading[layer + 1], self._reached[layer]
        matters = (leading[b], leading[d], reached[a], reached[c])
        if np.logical_and(self._turned(layer, a, b, c, d), matters).any():
            return False
        above, below = self._above[layer], self._below[layer + 1]
        total = self._total + (above[a] - above[c]) * (below[d] - below[b])
        return bool(abs(total - self._start) <= within * self._start)

    def follow(self, layer: int, a: int, b: int, c: int, d: int) -> None:
        """Take account of a swap that was made in the wires."""
        if any(self._turned(layer, a, b, c, d)):
            self._mark()
        else:
            fed, feeds = self._gains(layer, a, b, c, d)
            self._fed[layer + 1][[b, d]] += (fed, -fed)
            self._feeds[layer][[a, c]] += (feeds, -feeds)
        above, below = self._above[layer], self._below[layer + 1]
        more, fewer = above[a] - above[c], below[d] - below[b]
        self._total += more * fewer
        wires = self._wires
        self._above[layer + 1][[d, b]] += (more, -more)
        if layer + 1 < len(wires):
            gained = more * (wires[layer + 1][d] - wires[layer + 1][b])
            self._above[layer + 2] += gained
            for place in range(layer + 2, len(wires)):
                gained = gained @ wires[place]
                self._above[place + 1] += gained
        self._below[layer][[a, c]] += (fewer, -fewer)
        if layer:
            gained = fewer * (wires[layer - 1][:, a] - wires[layer - 1][:, c])
            self._below[layer - 1] += gained
            for place in range(layer - 2, -1, -1):
                gained = wires[place] @ gained
                self._below[place] += gained
