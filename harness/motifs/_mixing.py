"""How fast the Markov chain behind the `degree` null forgets the network it starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from harness.sparse.graph import LayeredGraph
from harness.stats import autocorrelation_time

from ._counts import counts
from ._curveball import traded

_AT_ONCE = 32  # states of the chain that are in memory together


@dataclass(frozen=True)
class Mixing:
    """One long chain of global trades, and what it says of shorter ones.

    `overlap`: after each trade the share of the network's edges that are there, by layer, NaN where
    a layer has none. `chance` and `chance_sd`: its mean and standard deviation over the last
    quarter of the chain. (Not the overlap between two late states: a network whose edges prefer
    some places shares more with every state, however late, or less.) By class, `time` is the
    integrated autocorrelation time of its count, in global trades, over the second half of the
    chain, and `effective` the number of independent draws which that half is worth; NaN where the
    count never varies.
    """

    overlap: Float[np.ndarray, "trades layers"]
    chance: Float[np.ndarray, " layers"]
    chance_sd: Float[np.ndarray, " layers"]
    time: dict[str, float]
    effective: dict[str, float]

    @property
    def mixed_after(self) -> int | None:
        """The trades after which every layer's overlap is down to chance, within three sd.

        None where the chain never got there in its first half: it was too short to tell.
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
    """Follow one Curveball chain of a network, to see how fast it forgets.

    `draws` starts each draw from the network itself, so that its draws are independent given the
    network, and makes as many global trades as `enough_trades` finds; `mixed_after` should be less.
    All layers trade at once.

    **Arguments:** `graph` without a batch axis; `names` of the classes whose counts are followed.

    **Errors:** ValueError for fewer than eight trades, a batch axis or an unknown class.
    """
    if trades < 8:
        raise ValueError(f"a chain of {trades} global trades tells nothing: take 8 or more")
    if any(np.ndim(wires) != 2 for wires in graph.adjacency):
        raise ValueError("one network at a time is followed: adjacency (sources, targets)")
    rng = np.random.default_rng([*b"mixing", seed])
    start = state = [np.asarray(wires) for wires in graph.adjacency]
    overlap = []
    found: dict[str, list[float]] = {name: [] for name in names}
    for first in range(0, trades, _AT_ONCE):
        block = []
        for _ in range(first, min(first + _AT_ONCE, trades)):
            state = [traded(wires[None], rng, 1)[0] for wires in state]
            block.append(state)
            overlap.append(_shared(start, state))
        stacked = LayeredGraph(tuple(np.stack(layer) for layer in zip(*block, strict=True)))
        for name, count in counts(stacked, names=names).items():
            found[name] += count.sum(-1).tolist()
    late = {name: np.array(series[trades // 2 :], float) for name, series in found.items()}
    time = {name: autocorrelation_time(series) for name, series in late.items()}
    effective = {name: len(late[name]) / value for name, value in time.items()}
    shares = np.array(overlap)
    last = shares[-(trades // 4) :]
    return Mixing(shares, last.mean(0), last.std(0), time, effective)


def _shared(
    one: Sequence[Bool[np.ndarray, "_sources _targets"]],
    other: Sequence[Bool[np.ndarray, "_sources _targets"]],
) -> list[float]:
    """By layer, the share of one network's edges that another has, too."""
    pairs = zip(one, other, strict=True)
    return [float((a & b).sum() / a.sum()) if a.any() else float("nan") for a, b in pairs]
