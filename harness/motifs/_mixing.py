"""Mixing of the Markov chain behind the `degree` null: how fast it forgets its start."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from harness.sparse.graph import LayeredGraph
from harness.stats import autocorrelation_time

from ._chains import Chains
from ._counts import counts

_AT_ONCE = 32  # states of the chain in memory at a time


@dataclass(frozen=True)
class Mixing:
    """Statistics of one long chain of global trades.

    `overlap` is, after each trade and by layer, the share of the network's edges that are still
    present; NaN if a layer has no edges. `chance` and `chance_sd` are its mean and standard
    deviation over the last quarter of the chain. (The overlap between two late states would not do:
    a network whose edges prefer some places always shares more, or less, with every state.) By
    class, `time` is the integrated autocorrelation time of its count, in global trades, over the
    second half of the chain, and `effective` the number of independent draws that this half is
    worth; NaN if the count never varies.
    """

    overlap: Float[np.ndarray, "trades layers"]
    chance: Float[np.ndarray, " layers"]
    chance_sd: Float[np.ndarray, " layers"]
    time: dict[str, float]
    effective: dict[str, float]

    @property
    def mixed_after(self) -> int | None:
        """The trades after which every layer's overlap is down to chance, within three sd.

        None if that does not happen in the first half of the chain: it is too short to say.
        """
        far = self.overlap[: len(self.overlap) // 2] > self.chance + 3 * self.chance_sd + 1e-12
        close = np.flatnonzero(~far.any(1))
        return int(close[0]) + 1 if len(close) else None


def mixing(
    graph: LayeredGraph,
    *,
    trades: int = 200,
    names: Sequence[str] = ("bifan", "zigzag"),
    seed: int = 0,
) -> Mixing:
    """Follow one chain of a network, to measure how fast it forgets its start.

    `draws` starts each draw from the network itself, so that draws are independent given the
    network, and makes as many global trades as `enough_trades` finds; `mixed_after` should be less.
    All layers trade at the same time.

    **Arguments:** `graph` without a batch axis; `names` of the classes whose counts are followed.

    **Errors:** ValueError for fewer than eight trades, a batch axis or an unknown class.
    """
    if trades < 8:
        raise ValueError(f"a chain of {trades} global trades is too short: take 8 or more")
    if any(np.ndim(wires) != 2 for wires in graph.adjacency):
        raise ValueError("give one network: adjacency (sources, targets), without a batch axis")
    chain = Chains(graph, 1, np.random.SeedSequence([*b"mixing", seed]))
    overlap = []
    followed: dict[str, list[float]] = {name: [] for name in names}
    for first in range(0, trades, _AT_ONCE):
        block = []
        for _ in range(first, min(first + _AT_ONCE, trades)):
            chain.move(1)
            state = [np.asarray(layer)[0] for layer in chain.state().adjacency]
            block.append(state)
            overlap.append(_shared(chain.start, state))
        stacked = LayeredGraph(tuple(np.stack(layer) for layer in zip(*block, strict=True)))
        for name, count in counts(stacked, names=names).items():
            followed[name] += count.sum(-1).tolist()
    late = {name: np.array(series[trades // 2 :], float) for name, series in followed.items()}
    time = {name: autocorrelation_time(series) for name, series in late.items()}
    effective = {name: len(late[name]) / value for name, value in time.items()}
    shares = np.array(overlap)
    last = shares[-(trades // 4) :]
    return Mixing(shares, last.mean(0), last.std(0), time, effective)


def _shared(
    one: Sequence[Bool[np.ndarray, "_sources _targets"]],
    other: Sequence[Bool[np.ndarray, "_sources _targets"]],
) -> list[float]:
    """Return by layer the share of one network's edges that another has too."""
    pairs = zip(one, other, strict=True)
    return [float((a & b).sum() / a.sum()) if a.any() else float("nan") for a, b in pairs]
