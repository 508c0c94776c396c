"""Chains of global trades that start from one network."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from harness.sparse.graph import LayeredGraph

from ._global_trades import WORD, TradedMasks

CHAINS = WORD
"""As many as a word holds: fewer would take as long."""


class Chains:
    """Chains that start from one network, each layer with random numbers of its own."""

    def __init__(
        self,
        graph: LayeredGraph,
        number: int,
        seed: np.random.SeedSequence,
        on: Literal["host", "device"] = "host",
    ) -> None:
        self.start = tuple(np.asarray(wires) for wires in graph.adjacency)
        self._number = number
        pairs = zip(self.start, seed.spawn(len(self.start)), strict=True)
        self._layers = [TradedMasks(mask, number, own, on) for mask, own in pairs]

    def move(self, trades: int) -> None:
        """Make so many more global trades."""
        for layer in self._layers:
            layer.trade(trades)

    def state(self) -> LayeredGraph:
        """Return the chains as they are now, with a leading axis."""
        return LayeredGraph(tuple(layer.masks() for layer in self._layers))

    def thinned(self, trades: int, draws: int) -> Iterator[LayeredGraph]:
        """Yield the chains until there are so many draws, each time after more global trades."""
        for _ in range(0, draws, self._number):
            self.move(trades)
            yield self.state()
