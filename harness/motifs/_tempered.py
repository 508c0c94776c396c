"""Swaps of edges within layers that keep every degree and move one class's count to a target.

Networks go side by side; each takes the swaps that it would take alone.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from harness.sparse.graph import LayeredGraph

from ._trades import mixed_chains
from ._tries import Batch, Limits, Null, Rewired, Start
from ._varying import VARYING, Varying, varying_counts
from ._wires import Wiring

TOGETHER = 256
"""Networks that go side by side at most: more take as long each, and memory."""


def degree_moments(wiring: Wiring, number: int, seed: tuple[int, ...]) -> Null:
    """Return mean and sd of the six varying classes over draws of the `degree` null.

    At least `number` draws: states of mixed chains, as `sampled_profile` draws them.
    """
    trades, chains = mixed_chains(LayeredGraph(tuple(wiring)), seed=seed)
    drawn = chains.thinned(trades.between, number)
    totals = np.concatenate([varying_counts(states) for states in drawn])
    return totals.mean(0), totals.std(0, ddof=1)


def tempered(
    starts: Sequence[Start], motifs: Sequence[Varying], targets: Sequence[float], limits: Limits
) -> list[Rewired]:
    """Swap edges until z of each network's class is at its target or `tries` are over.

    z is under the `degree` null. Metropolis et al. (1953) on |z - target|, within the limits. A
    class without spread (sd 0) leaves its network as it is. All networks have the same sizes.
    """
    places = np.array([VARYING.index(motif) for motif in motifs])
    aims = np.array(targets, float)
    groups = _groups(len(starts))
    return [one for group in groups
            for one in _tempered(starts[group], places[group], aims[group], limits)]  # fmt: skip


def _tempered(
    starts: Sequence[Start],
    places: Int[np.ndarray, " networks"],
    targets: Float[np.ndarray, " networks"],
    limits: Limits,
) -> list[Rewired]:
    batch, every = Batch(starts, limits), np.arange(len(starts))
    spread = batch.sd[every, places]
    held = np.arange(len(VARYING)) != places[:, None]
    distance = np.abs(batch.z[every, places] - targets)
    going = np.where(spread > 0, distance > limits.tolerance, False)
    for tries in batch.tries(limits.tries, going):
        who = tries.swaps.who
        moved = tries.changes[np.arange(len(who)), places[who]] / spread[who]
        after = np.abs(batch.z[who, places[who]] + moved - targets[who])
        # A comparison of logarithms: the exponential would overflow.
        nearer = np.log(tries.lots) * limits.temperature <= distance[who] - after
        made = batch.accept(tries[nearer], held)
        distance[made.who] = np.abs(batch.z[made.who, places[made.who]] - targets[made.who])
        going[made.who] = distance[made.who] > limits.tolerance
    return batch.result()


def neutral(
    starts: Sequence[Start], accepted: Sequence[Sequence[int]], limits: Limits
) -> list[Rewired]:
    """Make as many swaps in each layer as `accepted` says, with z of all classes held.

    It may make fewer: after ten times the `tries` of `limits` it ends.
    """
    groups = _groups(len(starts))
    return [one for group in groups
            for one in _neutral(starts[group], np.array(accepted[group]), limits)]  # fmt: skip


def _neutral(
    starts: Sequence[Start], left: Int[np.ndarray, "networks layers"], limits: Limits
) -> list[Rewired]:
    batch, going = Batch(starts, limits), left.sum(1) > 0
    held = np.ones((len(starts), len(VARYING)), bool)
    for tries in batch.tries(10 * limits.tries, going, left):
        made = batch.accept(tries, held)
        left[made.who, made.layer] -= 1
        going[made.who] = left[made.who].any(1)
    return batch.result()


def _groups(networks: int) -> list[slice]:
    return [slice(at, at + TOGETHER) for at in range(0, networks, TOGETHER)]
