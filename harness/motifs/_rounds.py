"""The number of rounds of switches that makes a draw of a digraph independent of its start."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int64

from harness.sparse.edges import Ends, SparseDigraph

from ._switching import Chains, Places, started
from ._triads import connected_triads

FEWEST_ROUNDS, MOST_ROUNDS = 8, 2048
"""Limits for each draw: within them the number is doubled until the chains have mixed."""

THREADS = min(4, os.cpu_count() or 1)
_CHAINS, _EDGES = (8, 64), 2**17
"""The fewest and the most chains that are followed, and their edges together."""
_STANDARD_ERRORS = 4.0
"""How far a statistic may move: 14 are followed, and 7 degrees of freedom have wide tails."""


@dataclass(frozen=True)
class Rounds:
    """The rounds of each draw, and whether chains of that length had mixed."""

    number: int
    mixed: bool


def enough_rounds(
    digraph: SparseDigraph,
    seed: np.random.SeedSequence,
    *,
    keep_mutual: bool = False,
    possible: Places | None = None,
) -> Rounds:
    """Find how many rounds the draws of one digraph need.

    8 to 64 chains start from the digraph. The share of its edges that they still have and the
    counts of the 13 connected triads are compared after T rounds and after 2T, for T = 4, 8, 16,
    ...: 2T is enough if the mean of none has moved by more than four standard errors (of the paired
    differences), so that the overlap is down to chance. A geometric decay squares, from T to 2T,
    the part that the test could miss.
    """
    fewest, most = _CHAINS
    number = min(max(fewest, _EDGES // max(1, len(digraph.sources))), most)
    groups = list(started(digraph, number, keep_mutual=keep_mutual, possible=possible))
    rngs = [np.random.default_rng(one) for one in seed.spawn(len(groups))]
    with ThreadPoolExecutor(THREADS) as pool:

        def after(rounds: int) -> Int64[np.ndarray, "chains statistics"]:
            follow = partial(_followed, digraph.keys, rounds)
            return np.concatenate(list(pool.map(follow, groups, rngs)))

        number = FEWEST_ROUNDS // 2
        before = after(number)
        while number < MOST_ROUNDS:
            now = after(number)
            number *= 2
            if _agree(before, now):
                return Rounds(number, mixed=True)
            before = now
    return Rounds(number, mixed=False)


def _followed(
    start: Ends, rounds: int, chains: Chains, rng: np.random.Generator
) -> Int64[np.ndarray, "chains statistics"]:
    chains.switch(rounds, rng)
    states = chains.digraphs()
    overlaps = np.array([[shared(start, one.keys)] for one in states])
    return np.concatenate([overlaps, connected_triads(states)], 1)


def shared(one: Ends, other: Ends) -> int:
    """Return how many edges two digraphs share, by their keys."""
    both = np.sort(np.concatenate([one, other]))
    return int((both[1:] == both[:-1]).sum())


def _agree(
    before: Int64[np.ndarray, "chains statistics"], after: Int64[np.ndarray, "chains statistics"]
) -> bool:
    """Return whether no statistic's mean has moved by more than its Monte-Carlo error."""
    moved: Float[np.ndarray, "chains statistics"] = (after - before).astype(float)
    error = moved.std(0, ddof=1) / np.sqrt(len(moved))
    return bool((np.abs(moved.mean(0)) <= _STANDARD_ERRORS * error).all())
