"""The classes of order 3 that vary while degrees are kept, and what a swap does to their counts.

A swap makes a->b, c->d into a->d, c->b. It changes six classes; all others stay. Four of the six
are linear in the edges of one layer at fixed degrees. Bifan and biparallel follow from the nodes
that one of two lines of edges has and the other lacks.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from harness.sparse.graph import LayeredGraph

from ._bits import as_bits, bits, ones, places
from ._counts import counts
from ._wires import IN, OUT, Swaps, Wires

Varying: TypeAlias = Literal["chain3", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail"]
"""The classes of order 3 that vary while degrees are kept."""

VARYING: tuple[Varying, ...] = (
    "chain3", "zigzag", "fork_tail", "merge_tail", "bifan", "biparallel",
)  # fmt: skip

_Lines = UInt64[np.ndarray, "sets words"]


def varying_counts(graph: LayeredGraph) -> Float[np.ndarray, "*batch 6"]:
    """Count the six classes, summed over base layers."""
    counted = counts(graph, (3,), names=VARYING)
    return np.stack([counted[name].sum(-1) for name in VARYING], -1).astype(float)


class CountsUnderSwaps:
    """The counts of the six classes in networks whose edges are swapped."""

    def __init__(
        self, stacked: Sequence[Bool[np.ndarray, "networks _sources _targets"]], wires: Wires
    ) -> None:
        self.counts = varying_counts(LayeredGraph(tuple(stacked)))
        self._wires = wires
        self._out, self._in = wires.degrees(OUT), wires.degrees(IN)

    def changes(self, these: Swaps) -> Float[np.ndarray, "swaps 6"]:
        """Return what each swap adds to each count of its network."""
        who, layer, after = these.who, these.layer, these.layer + 1
        fed, out = (
            degrees[who, layer, these.c] - degrees[who, layer, these.a]
            for degrees in (self._in, self._out)
        )
        into, feeds = (
            degrees[who, after, these.b] - degrees[who, after, these.d]
            for degrees in (self._in, self._out)
        )
        linear = [fed * feeds, out * into, out * feeds, fed * into]
        return np.stack([*linear, *self._products(these)], 1)

    def _products(
        self, these: Swaps
    ) -> tuple[Float[np.ndarray, " swaps"], Float[np.ndarray, " swaps"]]:
        """Return what each swap adds to bifan and to biparallel.

        Both count pairs of paths of two edges with the same ends. A swap gives such paths between
        a and the nodes on one of its lines of edges, and takes them from c.
        """
        wires, who, layer = self._wires, these.who, these.layer
        a, c = (wires.line(who, layer, OUT, node) for node in (these.a, these.c))
        d, b = (wires.line(who, layer, IN, node) for node in (these.d, these.b))
        after = [wires.line(who, layer + 1, OUT, node) for node in (these.d, these.b)]
        before = [wires.line(who, layer - 1, IN, node) for node in (these.a, these.c)]
        ends = bits(these.a, a.shape[1]) | bits(these.c, a.shape[1])
        # What the two share with themselves and each other stays.
        gainers = np.concatenate([d & ~b & ~ends, after[0] & ~after[1], before[0] & ~before[1]])
        losers = np.concatenate([b & ~d & ~ends, after[1] & ~after[0], before[1] & ~before[0]])
        lines = [
            wires.lines_of(who, *at) for at in ((layer, OUT), (layer + 1, IN), (layer - 1, OUT))
        ]
        left = np.concatenate([a & ~c, a & ~c, d & ~b])
        right = np.concatenate([c & ~a, c & ~a, b & ~d])
        shared = self._shared(np.concatenate(lines), gainers, losers, left, right)
        bifan, below, above = np.split(shared + ones(gainers | losers), 3)
        return bifan, below + above

    def _shared(
        self,
        lines: Int[np.ndarray, " sets"],
        gainers: _Lines,
        losers: _Lines,
        left: _Lines,
        right: _Lines,
    ) -> Float[np.ndarray, " sets"]:
        """Sum over the nodes of each set what their lines share with `left` less with `right`.

        The nodes of `gainers` add it, those of `losers` take it away.
        """
        which, node = places(gainers | losers)
        found = self._wires.lines(lines[which] + node)
        sign = as_bits(gainers)[which, node] * 2.0 - 1
        shared = ones(found & left.take(which, 0)) - ones(found & right.take(which, 0))
        return np.bincount(which, sign * shared, len(lines)).astype(float)  # of none it is whole
