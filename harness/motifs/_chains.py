"""Chains of global trades that start from one network and move on in threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

import jax
import numpy as np
from jaxtyping import Bool

from harness.machine.devices import cores
from harness.sparse.graph import LayeredGraph

from ._curveball import traded, traded_on_device

CHAINS = 32
_GROUPS = 4

Layers = tuple[Bool[np.ndarray, "draws _sources _targets"], ...]
Trade = Callable[[Layers, int], Layers]
T = TypeVar("T")


class Group:
    """Some of the chains, from number `first` on, with random numbers of their own."""

    def __init__(self, first: int, start: Layers, trade: Trade) -> None:
        self.first, self.state, self._trade = first, start, trade

    def move(self, trades: int) -> None:
        """Make so many more global trades."""
        self.state = self._trade(self.state, trades)

    def thinned(self, trades: int, draws: int) -> Iterator[LayeredGraph]:
        """Yield the chains so many times, each time after more global trades."""
        for _ in range(draws):
            self.move(trades)
            yield LayeredGraph(self.state)


class Chains:
    """32 chains that start from one network, in groups: their number of threads changes no draw.

    On a device all chains are one group.
    """

    def __init__(
        self, graph: LayeredGraph, seed: Sequence[int] | int, on: Literal["host", "device"]
    ) -> None:
        self.start = tuple(np.asarray(wires) for wires in graph.adjacency)
        groups = 1 if on == "device" else _GROUPS
        size = CHAINS // groups
        own = tuple(np.repeat(wires[None], size, 0) for wires in self.start)
        seeds = np.random.SeedSequence(seed, spawn_key=tuple(b"trades")).spawn(groups)
        self._groups = [Group(at * size, own, trader(one, on)) for at, one in enumerate(seeds)]

    def each(self, act: Callable[[Group], T]) -> list[T]:
        """Return the results of an action on each group; groups act at the same time."""
        with ThreadPoolExecutor(min(len(self._groups), cores())) as threads:
            return list(threads.map(act, self._groups))

    def move(self, trades: int) -> None:
        """Make so many more global trades."""
        self.each(lambda group: group.move(trades))

    @property
    def state(self) -> Layers:
        """The chains as they are."""
        layers = zip(*(group.state for group in self._groups), strict=True)
        return tuple(np.concatenate(parts) for parts in layers)


def trader(seed: np.random.SeedSequence, on: Literal["host", "device"]) -> Trade:
    """Return a function that makes a number of global trades, layer by layer, new in each call."""
    rng = np.random.default_rng(seed)
    if on == "host":
        return lambda layers, number: tuple(traded(masks, rng, number) for masks in layers)

    def on_device(layers: Layers, number: int) -> Layers:
        keys = jax.random.split(jax.random.key(rng.integers(2**32)), len(layers))
        return tuple(
            np.asarray(traded_on_device(masks, key, number))
            for masks, key in zip(layers, keys, strict=True)
        )

    return on_device
