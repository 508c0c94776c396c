"""Paths from inputs to outputs: how many pass each node, and what a swap of two edges changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ._bits import as_bits
from ._wires import IN, OUT, Rows, Side, Swaps, Wires

_Nodes = Float[np.ndarray, "networks node_layers width"]
_Gains = Float[np.ndarray, " swaps"]


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


@dataclass(frozen=True)
class Effect(Rows):
    """What swaps of a->b, c->d into a->d, c->b do to paths.

    - `more`: paths from inputs that d gains and b loses
    - `fewer`: paths to outputs that a gains and c loses
    - `fed`: edges from reached sources that b gains and d loses
    - `feeds`: edges to leading targets that a gains and c loses
    - `turned`: whether b and d come to be reached or cease to be, and a and c to lead to an output
    """

    more: _Gains
    fewer: _Gains
    fed: _Gains
    feeds: _Gains
    turned: Bool[np.ndarray, "swaps 4"]


class PathsUnderSwaps:
    """The paths of networks whose edges are swapped, followed swap by swap.

    `above[n, k]` and `below[n, k]` count the paths from inputs to each node of
    layer k, and from it to outputs; those to outputs and from inputs are not followed, as no swap
    depends on them. `reached` and `leading` say where there is one, and `fed` and `feeds` count
    the edges from reached sources and to leading targets.
    """

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        every = np.arange(len(wires.edges))
        self.above, self.below = (self._along(every, to, boolean=False)[0] for to in (IN, OUT))
        self._total = self.above[:, -1].sum(1)
        self._start = self._total.copy()
        shape = self.above.shape
        self._reached, self._leading = np.zeros(shape, bool), np.zeros(shape, bool)
        self._fed, self._feeds = np.zeros(shape), np.zeros(shape)
        self._mark(every)

    def _along(
        self, who: Int[np.ndarray, " swaps"], to: Side, *, boolean: bool
    ) -> tuple[_Nodes, _Nodes]:
        """Return by node the paths there, or whether there is one, and what its edges bring."""
        wires = self._wires
        found = np.zeros((len(who), wires.layers + 1, wires.width))
        brought = np.zeros_like(found)
        ends = 0 if to == IN else -1
        found[:, ends, : wires.sizes[ends]] = 1
        for layer in range(wires.layers) if to == IN else reversed(range(wires.layers)):
            start, end = (layer, layer + 1) if to == IN else (layer + 1, layer)
            brought[:, end] = wires.through(layer, who, found[:, start], to=to)
            found[:, end] = brought[:, end] > 0 if boolean else brought[:, end]
        return found, brought

    def _mark(self, who: Int[np.ndarray, " swaps"]) -> None:
        """Find anew which nodes of these networks are reached, and which lead to an output."""
        reached, self._fed[who] = self._along(who, IN, boolean=True)
        leading, self._feeds[who] = self._along(who, OUT, boolean=True)
        self._reached[who], self._leading[who] = reached > 0, leading > 0

    def effect(self, these: Swaps) -> Effect:
        """Return what swaps do to paths, from the four nodes of each."""
        who, layer, after = these.who, these.layer, these.layer + 1
        a, b, c, d = these.a, these.b, these.c, these.d
        reached, leading = self._reached, self._leading
        fed = reached[who, layer, c] * 1.0 - reached[who, layer, a]
        feeds = leading[who, after, d] * 1.0 - leading[who, after, b]
        turned = [
            (edges[who, place, node] + gain > 0) != on[who, place, node]
            for edges, on, place, node, gain in (
                (self._fed, reached, after, b, fed),
                (self._fed, reached, after, d, -fed),
                (self._feeds, leading, layer, a, feeds),
                (self._feeds, leading, layer, c, -feeds),
            )
        ]
        more = self.above[who, layer, a] - self.above[who, layer, c]
        fewer = self.below[who, after, d] - self.below[who, after, b]
        return Effect(more, fewer, fed, feeds, np.stack(turned, 1))

    def stay(self, these: Swaps, effect: Effect, *, within: float) -> Bool[np.ndarray, " swaps"]:
        """Return whether a swap leaves the same nodes on paths, and about as many paths.

        `within` is the share of the paths at the start by which their number may differ from it.
        A node that is not reached has sources that are not, so that only the four nodes of a swap
        can come onto a path or leave all.
        """
        who, layer, after = these.who, these.layer, these.layer + 1
        matters = [self._leading[who, after, node] for node in (these.b, these.d)]
        matters += [self._reached[who, layer, node] for node in (these.a, these.c)]
        same = ~(effect.turned & np.stack(matters, 1)).any(1)
        total, start = self._total[who] + effect.more * effect.fewer, self._start[who]
        return same & (np.abs(total - start) <= within * start)

    def follow(self, these: Swaps, effect: Effect) -> None:
        """Take account of swaps that were made in the wires."""
        who, layer, after = these.who, these.layer, these.layer + 1
        self._total[who] += effect.more * effect.fewer
        for nodes, place, gainer, loser, gain in (
            (self._fed, after, these.b, these.d, effect.fed),
            (self._feeds, layer, these.a, these.c, effect.feeds),
            (self.above, after, these.d, these.b, effect.more),
            (self.below, layer, these.a, these.c, effect.fewer),
        ):
            nodes[who, place, gainer] += gain
            nodes[who, place, loser] -= gain
        turned = effect.turned.any(1)
        if turned.any():
            self._mark(who[turned])
        self._spread(self.above, these, effect.more, IN)
        self._spread(self.below, these, effect.fewer, OUT)

    def _spread(self, nodes: _Nodes, these: Swaps, gain: _Gains, to: Side) -> None:
        """Add to nodes farther on what one node of each swap gained and another lost."""
        wires = self._wires
        step, side = (1, OUT) if to == IN else (-1, IN)  # of the first edges on the way
        end = these.layer + (2 if to == IN else -1)
        far = (gain != 0) & (end > 0) & (end < wires.layers)
        if not far.any():
            return
        these, gain, end = these[far], gain[far], end[far]
        gainer, loser = (these.d, these.b) if to == IN else (these.a, these.c)
        edges = [
            as_bits(wires.line(these.who, these.layer + step, side, node))[:, : wires.width]
            for node in (gainer, loser)
        ]
        moved = gain[:, None] * (edges[0] * 1.0 - edges[1])
        nodes[these.who, end] += moved
        for layer in range(2, wires.layers - 1) if to == IN else range(wires.layers - 3, 0, -1):
            on = end <= layer if to == IN else end > layer
            if on.any():
                who = these.who[on]
                moved[on] = wires.through(layer, who, moved[on], to=to)
                nodes[who, layer + to] += moved[on]
