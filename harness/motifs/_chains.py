"""Chains of global trades that start from one network."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from harness.sparse.graph import LayeredGraph

from ._global_trades import WORD, TradedMasks

CHAINS = WORD
"""As many as a word holds: fewer would take as long."""


class Chains:
    """32 chains that start from one network, each layer with random numbers of its own."""

    def __init__(
        self, graph: LayeredGraph, seed: Sequence[int] | int, on: Literal["host", "device"]
    ) -> None:
        self.start = tuple(np.asarray(wires) for wires in graph.adjacency)
        root = np.random.SeedSequence(seed, spawn_key=tuple(b"trades"))
        self._layers = layers(self.start, CHAINS, root, on)

    def move(self, trades: int) -> None:
        """Make so many more global trades."""
        for layer in self._layers:
            layer.trade(trades)

    def state(self) -> LayeredGraph:
        """Return the chains as they are now, with a leading axis."""
        return LayeredGraph(tuple(layer.masks() for layer in self._layers))

    def thinned(self, trades: int, draws: int) -> Iterator[LayeredGraph]:
        """Yield the chains until there are so many draws, each time after more global trades."""
        for _ in range(0, draws, CHAINS):
            self.move(trades)
            yield self.state()


def layers(
    start: Sequence[np.ndarray],
    number: int,
    seed: np.random.SeedSequence,
    on: Literal["host", "device"],
) -> list[TradedMasks]:
    """Return so many draws of each layer of a network, ready to trade."""
    seeds = seed.spawn(len(start))
    return [TradedMasks(mask, number, one, on) for mask, one in zip(start, seeds, strict=True)]
