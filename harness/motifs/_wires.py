"""Networks whose edges are swapped, as lists of edges and as bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ._bits import WORD, as_words, bit, whole_words

Wiring = Sequence[Bool[np.ndarray, "_sources _targets"]]
Side: TypeAlias = Literal[0, 1]
OUT: Side = 0
IN: Side = 1
_Numbers = Int[np.ndarray, " swaps"]
_Record = TypeVar("_Record", bound="Rows")


class Rows:
    """A record of arrays with a row for each swap: its own, or again a record."""

    def __getitem__(self: _Record, kept: Bool[np.ndarray, " swaps"]) -> _Record:
        """Return the rows that are marked."""
        return type(self)(*(values[kept] for values in vars(self).values()))


@dataclass(frozen=True)
class Swaps(Rows):
    """Swaps of a->b, c->d into a->d, c->b, in one layer each.

    `who` is the network, `first` and `second` are the places of the two edges in its list.
    """

    who: _Numbers
    layer: _Numbers
    first: _Numbers
    second: _Numbers
    a: _Numbers
    b: _Numbers
    c: _Numbers
    d: _Numbers


class Wires:
    """A batch of networks with the same sizes, whose edges are swapped.

    `first[l]` is the place of the first edge of layer l in each network's list, `edges[n, l]` the
    number of edges there. Arrays of nodes have `width` columns; the last is no node: the lists
    of networks with fewer edges than others are filled up with it.
    """

    def __init__(self, stacked: Sequence[Bool[np.ndarray, "networks _sources _targets"]]) -> None:
        self.sizes = (*(layer.shape[1] for layer in stacked), stacked[-1].shape[2])
        self.layers, self.width = len(stacked), max(self.sizes) + 1
        self.edges = np.stack([layer.sum((1, 2)) for layer in stacked], 1)
        self.first = np.concatenate([[0], np.cumsum(self.edges.max(0))])
        self.sources = np.full((len(self.edges), self.first[-1]), self.width - 1, np.int32)
        self.targets = self.sources.copy()
        for layer, wires in enumerate(stacked):
            who, flat = np.divmod(np.flatnonzero(wires), wires[0].size)
            sources, targets = np.divmod(flat, wires.shape[2])
            number = np.concatenate([np.arange(edges) for edges in self.edges[:, layer]])
            self.sources[who, self.first[layer] + number] = sources
            self.targets[who, self.first[layer] + number] = targets
        self._lines = self._packed(stacked)

    def _packed(
        self, stacked: Sequence[Bool[np.ndarray, "networks _sources _targets"]]
    ) -> UInt64[np.ndarray, "lines words"]:
        """Return the targets of each source and the sources of each target as bits.

        A layer without edges stands before the first one and behind the last.
        """
        words = whole_words(self.width) // WORD
        shape = (len(self.edges), self.layers + 2, 2, self.width, words)
        lines = np.zeros(shape, np.uint64)
        for layer, wires in enumerate(stacked, 1):
            for side, masks in ((OUT, wires), (IN, wires.swapaxes(1, 2))):
                bits = as_words(masks)
                lines[:, layer, side, : bits.shape[1], : bits.shape[2]] = bits
        return lines.reshape(-1, words)

    def degrees(self, side: Side) -> Float[np.ndarray, "networks node_layers width"]:
        """Return the number of edges out of each node, or into it."""
        every, nodes = np.arange(len(self.edges)), np.ones((len(self.edges), self.width))
        nodes[:, -1] = 0
        found = np.zeros((len(every), self.layers + 1, self.width))
        for layer in range(self.layers):
            found[:, layer + side] = self.through(layer, every, nodes, to=side)
        return found

    def lines_of(self, who: _Numbers, layer: _Numbers, side: Side) -> _Numbers:
        """Return the number of the line of node 0; those of other nodes follow it."""
        return ((who * (self.layers + 2) + layer + 1) * 2 + side) * self.width

    def lines(self, numbers: _Numbers) -> UInt64[np.ndarray, "lines words"]:
        """Return the bits of these lines."""
        return self._lines.take(numbers, 0)

    def line(
        self, who: _Numbers, layer: _Numbers, side: Side, node: _Numbers
    ) -> UInt64[np.ndarray, "swaps words"]:
        """Return the targets of a node, or its sources, as bits; `layer` may be one too far."""
        return self.lines(self.lines_of(who, layer, side) + node)

    def swaps(self, who: _Numbers, layer: _Numbers, one: _Numbers, other: _Numbers) -> Swaps:
        """Return the swaps of two edges of a layer, given by their places among its edges."""
        first, second = self.first[layer] + one, self.first[layer] + other
        (a, b), (c, d) = (
            (self.sources[who, edge], self.targets[who, edge]) for edge in (first, second)
        )
        return Swaps(who, layer, first, second, a, b, c, d)

    def doubled(self, these: Swaps) -> Bool[np.ndarray, " swaps"]:
        """Return whether a swap would make an edge that is there."""
        who, layer = these.who, these.layer
        return self._has(who, layer, these.a, these.d) | self._has(who, layer, these.c, these.b)

    def _has(
        self, who: _Numbers, layer: _Numbers, source: _Numbers, target: _Numbers
    ) -> Bool[np.ndarray, " swaps"]:
        word = self._lines[self.lines_of(who, layer, OUT) + source, target // WORD]
        return (word & bit(target)) != 0

    def swap(self, these: Swaps) -> None:
        """Exchange the targets of two edges, once in each of some networks."""
        who, a, b, c, d = these.who, these.a, these.b, these.c, these.d
        self.targets[who, these.first], self.targets[who, these.second] = d, b
        outs, ins = (self.lines_of(who, these.layer, side) for side in (OUT, IN))
        lines = np.concatenate([outs + a, outs + a, outs + c, outs + c,
                                ins + b, ins + b, ins + d, ins + d])  # fmt: skip
        bits = np.concatenate([b, d, b, d, a, c, a, c])
        np.bitwise_xor.at(self._lines, (lines, bits // WORD), bit(bits))

    def through(
        self, layer: int, who: _Numbers, values: Float[np.ndarray, "swaps width"], *, to: Side = IN
    ) -> Float[np.ndarray, "swaps width"]:
        """Sum the values of sources at their targets; of targets at their sources if `to` is 0."""
        part = self._part(layer)
        ends = self.sources[who, part], self.targets[who, part]
        left, right = ends if to == IN else ends[::-1]
        rows = np.arange(len(who))[:, None]
        summed = np.bincount(
            (right + rows * self.width).ravel(), values[rows, left].ravel(), values.size
        )
        return summed.reshape(values.shape)

    def _part(self, layer: int) -> slice:
        return slice(self.first[layer], self.first[layer + 1])

    def places(self, network: int) -> tuple[Int[np.ndarray, " _edges"], ...]:
        """Return by layer the flat place (source * targets + target) of each edge of a network."""
        both = self.sources[network], self.targets[network]
        whole = both[0] * np.repeat(self.sizes[1:], np.diff(self.first)) + both[1]
        bounds = zip(self.first.tolist(), self.edges[network].tolist(), strict=False)
        return tuple(whole[first : first + edges] for first, edges in bounds)
