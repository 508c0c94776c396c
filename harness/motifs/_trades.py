"""The number of global trades that makes a draw of the `degree` null independent of its network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from harness.sparse.graph import LayeredGraph

from ._counts import counts
from ._curveball import traded, traded_on_device

FEWEST_TRADES, MOST_TRADES = 20, 640
"""Limits for each draw: within them the number is doubled until the chain has mixed."""

_CHAINS = 32
_STANDARD_ERRORS = 4.0
"""How far a statistic may move: some 30 are followed, and 31 degrees of freedom have wide tails."""
_FOLLOWED = ("chain3", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail")
"""The classes of order 3 that vary while degrees are kept."""

Layers = tuple[Bool[np.ndarray, "draws _sources _targets"], ...]
Trade = Callable[[Layers, int], Layers]


@dataclass(frozen=True)
class Trades:
    """The global trades of each draw, and whether a chain of that length had mixed."""

    number: int
    mixed: bool


def enough_trades(
    graph: LayeredGraph, *, seed: Sequence[int] | int = 0, on: Literal["host", "device"] = "host"
) -> Trades:
    """Find how many global trades the draws of one network need.

    32 chains start from the network. Each layer's overlap with the network, and the counts of the
    six classes of order 3 that vary, by base layer, are compared after T trades and after 2T, for
    T = 10, 20, 40, ...: 2T is enough if the mean of none has moved by more than four standard
    errors (of the paired differences). Both statistics are needed: overlaps reveal small remains of
    the start (0.3 % of 11,200 edges), counts a slow direction that involves few edges. A geometric
    decay squares, from T to 2T, the part that the test could miss: the rest is far below the
    Monte-Carlo error of a z.

    **Arguments:** `graph` without a batch axis.

    **Returns:** from 20 to 640 trades; `mixed` is False if even 640 were too few.
    """
    start = tuple(np.asarray(wires) for wires in graph.adjacency)
    trade = trader(np.random.SeedSequence(seed, spawn_key=tuple(b"trades")), on)
    chains = trade(tuple(np.repeat(wires[None], _CHAINS, 0) for wires in start), FEWEST_TRADES // 2)
    if not any((masks != own).any() for own, masks in zip(start, chains, strict=True)):
        return Trades(FEWEST_TRADES, mixed=True)  # only one state, as for a complete network
    number, before = FEWEST_TRADES // 2, _followed(start, chains)
    while number < MOST_TRADES:
        chains = trade(chains, number)
        number, after = 2 * number, _followed(start, chains)
        if _agree(before, after):
            return Trades(number, mixed=True)
        before = after
    return Trades(number, mixed=False)


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


def _followed(
    start: Sequence[Bool[np.ndarray, "_sources _targets"]], chains: Layers
) -> Int[np.ndarray, "chains statistics"]:
    shared = [(own & masks).sum((1, 2)) for own, masks in zip(start, chains, strict=True)]
    counted = counts(LayeredGraph(chains), (3,), names=_FOLLOWED)
    return np.concatenate([np.stack(shared, 1), *counted.values()], 1)


def _agree(
    before: Int[np.ndarray, "chains statistics"], after: Int[np.ndarray, "chains statistics"]
) -> bool:
    """Return whether no statistic's mean has moved by more than its Monte-Carlo error."""
    moved: Float[np.ndarray, "chains statistics"] = (after - before).astype(float)
    error = moved.std(0, ddof=1) / np.sqrt(len(moved))
    return bool((np.abs(moved.mean(0)) <= _STANDARD_ERRORS * error).all())
