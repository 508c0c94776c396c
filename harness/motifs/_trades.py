"""The number of global trades that makes a draw of the `degree` null independent of its network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from harness.sparse.graph import LayeredGraph

from ._chains import CHAINS, Chains
from ._counts import counts

FEWEST_TRADES, MOST_TRADES = 40, 1280
"""Limits for each draw: within them the number is doubled until the chain has mixed."""

_STANDARD_ERRORS = 4.0
"""How far a statistic may move: some 30 are followed, and 31 degrees of freedom have wide tails."""
_FOLLOWED = ("chain3", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail")
"""The classes of order 3 that vary while degrees are kept."""


@dataclass(frozen=True)
class Trades:
    """The global trades that a draw needs, and whether a chain of that length had mixed."""

    number: int
    mixed: bool

    @property
    def between(self) -> int:
        """The trades between two draws of a chain that has mixed: few draws are alike then."""
        return max(1, self.number // 4)


def enough_trades(
    graph: LayeredGraph, *, seed: Sequence[int] | int = 0, on: Literal["host", "device"] = "host"
) -> Trades:
    """Find how many global trades the draws of one network need.

    32 chains start from the network. Each layer's overlap with the network, and the counts of the
    six classes of order 3 that vary, by base layer, are compared after T trades and after 2T, for
    T = 20, 40, 80, ...: 2T is enough if the mean of none has moved by more than four standard
    errors (of the paired differences). Both statistics are needed: overlaps reveal small remains of
    the start (0.3 % of 11,200 edges), counts a slow direction that involves few edges. A geometric
    decay squares, from T to 2T, the part that the test could miss: the rest is far below the
    Monte-Carlo error of a z.

    **Arguments:** `graph` without a batch axis.

    **Returns:** from 40 to 1,280 trades; `mixed` is False if even 1,280 were too few.
    """
    return mixed_chains(graph, seed=seed, on=on)[0]


def mixed_chains(
    graph: LayeredGraph, *, seed: Sequence[int] | int = 0, on: Literal["host", "device"] = "host"
) -> tuple[Trades, Chains]:
    """Return the result of `enough_trades` and the chains that it followed, mixed if it says so."""
    root = np.random.SeedSequence(seed, spawn_key=tuple(b"trades"))
    chains = Chains(graph, CHAINS, root, on)
    number = FEWEST_TRADES // 2
    chains.move(number)
    before = _followed(chains)
    now = chains.state().adjacency
    if not any((moved != own).any() for own, moved in zip(chains.start, now, strict=True)):
        return Trades(FEWEST_TRADES, mixed=True), chains  # one state, as for a complete network
    while number < MOST_TRADES:
        chains.move(number)
        number, after = 2 * number, _followed(chains)
        if _agree(before, after):
            return Trades(number, mixed=True), chains
        before = after
    return Trades(number, mixed=False), chains


def _followed(chains: Chains) -> Int[np.ndarray, "chains statistics"]:
    """Return each layer's overlap with the network, and the counts of the classes that vary."""
    state = chains.state()
    pairs = zip(chains.start, state.adjacency, strict=True)
    shared = [(own & masks).sum((1, 2)) for own, masks in pairs]
    counted = counts(state, (3,), names=_FOLLOWED)
    return np.concatenate([np.stack(shared, 1), *counted.values()], 1)


def _agree(
    before: Int[np.ndarray, "chains statistics"], after: Int[np.ndarray, "chains statistics"]
) -> bool:
    """Return whether no statistic's mean has moved by more than its Monte-Carlo error."""
    moved: Float[np.ndarray, "chains statistics"] = (after - before).astype(float)
    error = moved.std(0, ddof=1) / np.sqrt(len(moved))
    return bool((np.abs(moved.mean(0)) <= _STANDARD_ERRORS * error).all())
