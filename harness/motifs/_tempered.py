"""Swaps of edges within layers that keep every degree and move one class's count to a target.

A swap makes a->b, c->d into a->d, c->b. It changes the six classes of order 3 that vary while
degrees are kept; all others stay. Four of the six are linear in the edges of one layer at fixed
degrees; bifan and biparallel follow from the products that `_Swaps` keeps up to date.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.sparse.graph import LayeredGraph

from ._counts import counts
from ._paths import PathsUnderSwaps
from ._trades import mixed_chains

Varying: TypeAlias = Literal["chain3", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail"]
"""The classes of order 3 that vary while degrees are kept."""

VARYING: tuple[Varying, ...] = (
    "chain3", "zigzag", "fork_tail", "merge_tail", "bifan", "biparallel",
)  # fmt: skip

_AT_ONCE = 1024
"""Swaps that are drawn at a time."""

Wiring = Sequence[Bool[np.ndarray, "_sources _targets"]]


@dataclass(frozen=True)
class Limits:
    """What swaps may change on the way.

    - `hold`: how far z of each class that is not aimed at may move from its start
    - `paths`: how far the number of paths from inputs to outputs may move, as a share; every node
      on such a path stays on one, and no other comes onto one
    - `temperature`: a swap that moves z away from the target by this much is accepted with
      probability 1/e
    - `tolerance`: how near to the target z swaps end
    - `tries`: swaps that are tried at most, for each edge
    """

    hold: float = 1.0
    paths: float = 0.05
    temperature: float = 0.02
    tolerance: float = 0.1
    tries: int = 20


@dataclass(frozen=True)
class Rewired:
    """A network after swaps.

    `origins` and `places`, by layer, have for each edge its flat place (source * targets + target)
    before and after. `accepted` is the number of swaps in each layer, `z` of the six classes of
    `VARYING` after them, under the `degree` null; 0 where a class has no spread.
    """

    adjacency: tuple[Bool[np.ndarray, "_sources _targets"], ...]
    origins: tuple[Int[np.ndarray, " _edges"], ...]
    places: tuple[Int[np.ndarray, " _edges"], ...]
    accepted: tuple[int, ...]
    z: dict[Varying, float]


def degree_moments(
    wiring: Wiring, number: int, seed: tuple[int, ...]
) -> tuple[Float[np.ndarray, "6"], Float[np.ndarray, "6"]]:
    """Return mean and sd of the six varying classes over draws of the `degree` null.

    At least `number` draws: states of mixed chains, as `sampled_profile` draws them.
    """
    trades, chains = mixed_chains(LayeredGraph(tuple(wiring)), seed=seed)
    drawn = chains.thinned(trades.between, number)
    totals = np.concatenate([_totals(states) for states in drawn])
    return totals.mean(0), totals.std(0, ddof=1)


def _totals(graph: LayeredGraph) -> Float[np.ndarray, "*batch 6"]:
    """Count the six varying classes, summed over base layers."""
    counted = counts(graph, (3,), names=VARYING)
    return np.stack([counted[name].sum(-1) for name in VARYING], -1).astype(float)


def tempered(
    wiring: Wiring,
    motif: Varying,
    target: float,
    null: tuple[Float[np.ndarray, "6"], Float[np.ndarray, "6"]],
    limits: Limits,
    rng: np.random.Generator,
) -> Rewired:
    """Swap edges until z of a class, under the `degree` null, is at the target or `tries` are over.

    Metropolis et al. (1953) on |z - target|, within the limits. `null` is as `degree_moments`
    returns it: swaps keep degrees, so it stays the null of the network. A class without spread
    (sd 0) leaves the network as it is.
    """
    swaps, place = _Swaps(wiring, null, limits), VARYING.index(motif)
    held = np.arange(len(VARYING)) != place
    distance = abs(swaps.z[place] - target)
    if null[1][place] == 0:
        return swaps.result()
    for layer, first, second, lot in swaps.proposals(rng, limits.tries):
        if distance <= limits.tolerance:
            break
        change = swaps.change(layer, first, second)
        if change is None:
            continue
        after = abs(swaps.z[place] + change[place] / null[1][place] - target)
        # A comparison of logarithms: the exponential would overflow.
        if np.log(lot) * limits.temperature > distance - after:
            continue
        if swaps.accept(layer, first, second, change, held):
            distance = after
    return swaps.result()


def neutral(
    wiring: Wiring,
    accepted: Sequence[int],
    null: tuple[Float[np.ndarray, "6"], Float[np.ndarray, "6"]],
    limits: Limits,
    rng: np.random.Generator,
) -> Rewired:
    """Make as many swaps in each layer as `accepted` says, with z of all classes held.

    It may make fewer: after ten times the `tries` of `limits` it ends.
    """
    swaps, held = _Swaps(wiring, null, limits), np.ones(len(VARYING), bool)
    left = list(accepted)
    for layer, first, second, _ in swaps.proposals(rng, 10 * limits.tries):
        if not any(left):
            break
        if not left[layer]:
            continue
        change = swaps.change(layer, first, second)
        if change is not None and swaps.accept(layer, first, second, change, held):
            left[layer] -= 1
    return swaps.result()


class _Swaps:
    """A network under swaps, with what their effects follow from.

    `common[l]` counts the common targets of two sources of layer l, `two[l]` the paths of two edges
    from layer l on; `paths` the paths from inputs to each node and from it to outputs.
    """

    def __init__(
        self,
        wiring: Wiring,
        null: tuple[Float[np.ndarray, "6"], Float[np.ndarray, "6"]],
        limits: Limits,
    ) -> None:
        self._mean, self._sd = null
        self._limits = limits
        self._wires = [np.array(wires, float) for wires in wiring]
        self._edges = [np.argwhere(wires).tolist() for wires in wiring]
        self._origins = tuple(np.flatnonzero(wires) for wires in wiring)
        self._common = [wires @ wires.T for wires in self._wires]
        self._two = [one @ two for one, two in zip(self._wires, self._wires[1:], strict=False)]
        self._accepted = [0] * len(self._wires)
        outs = [wires.sum(1) for wires in self._wires]
        ins = [wires.sum(0) for wires in self._wires]
        self._fed = [outs[0] * 0, *ins[:-1]]
        self._out, self._into = outs, ins
        self._feeds = [*outs[1:], ins[-1] * 0]
        self.counts = _totals(LayeredGraph(tuple(wiring)))
        self._start = self.z
        self._paths = PathsUnderSwaps(self._wires)

    @property
    def z(self) -> Float[np.ndarray, "6"]:
        """The z of each class now, 0 where it has no spread."""
        return self._z_of(self.counts)

    def _z_of(self, counted: Float[np.ndarray, "6"]) -> Float[np.ndarray, "6"]:
        gap = counted - self._mean
        return np.divide(gap, self._sd, out=np.zeros_like(gap), where=self._sd > 0)

    def proposals(
        self, rng: np.random.Generator, tries: int
    ) -> Iterator[tuple[int, int, int, float]]:
        """Yield random pairs of edges of one layer, and a lot for each."""
        sizes = np.array([len(edges) for edges in self._edges])
        left = tries * int(sizes.sum())
        while left > 0:
            layers = rng.choice(len(sizes), _AT_ONCE, p=sizes / sizes.sum())
            picked = (rng.random((2, _AT_ONCE)) * sizes[layers]).astype(int)
            lots = rng.random(_AT_ONCE).tolist()
            drawn = zip(layers.tolist(), *picked.tolist(), lots, strict=True)
            yield from itertools.islice(drawn, left)
            left -= _AT_ONCE

    def change(self, layer: int, first: int, second: int) -> Float[np.ndarray, "6"] | None:
        """Return what a swap adds to each count, or None if it would make a double edge."""
        (a, b), (c, d) = self._edges[layer][first], self._edges[layer][second]
        wires = self._wires[layer]
        if wires[a, d] or wires[c, b]:
            return None
        sources = [of[layer][c] - of[layer][a] for of in (self._fed, self._out)]
        targets = [of[layer][b] - of[layer][d] for of in (self._into, self._feeds)]
        (fed, out), (into, feeds) = sources, targets
        moved, common = wires[:, d] - wires[:, b], self._common[layer]
        moved[[a, c]] = 0
        bifan = moved @ (common[a] - common[c]) + np.abs(moved).sum()
        biparallel = 0.0
        if layer + 1 < len(self._wires):
            two, after = self._two[layer], self._wires[layer + 1]
            moved = after[d] - after[b]
            biparallel += moved @ (two[a] - two[c]) + np.abs(moved).sum()
        if layer:
            two, before = self._two[layer - 1], self._wires[layer - 1]
            moved = before[:, a] - before[:, c]
            biparallel += moved @ (two[:, d] - two[:, b]) + np.abs(moved).sum()
        return np.array([fed * feeds, out * into, out * feeds, fed * into, bifan, biparallel])

    def accept(
        self,
        layer: int,
        first: int,
        second: int,
        change: Float[np.ndarray, "6"],
        held: Bool[np.ndarray, "6"],
    ) -> bool:
        """Make a swap and return True, unless it would go beyond the limits."""
        ends = *self._edges[layer][first], *self._edges[layer][second]
        after = self.counts + change
        if (np.abs(self._z_of(after) - self._start) > self._limits.hold)[held].any():
            return False
        if not self._paths.stay(layer, *ends, within=self._limits.paths):
            return False
        self.counts = after
        self._swap(layer, first, second)
        self._paths.follow(layer, *ends)
        self._follow(layer, *ends)
        self._accepted[layer] += 1
        return True

    def _swap(self, layer: int, first: int, second: int) -> None:
        """Exchange the targets of two edges."""
        one, other = self._edges[layer][first], self._edges[layer][second]
        wires = self._wires[layer]
        wires[one[0], one[1]] = wires[other[0], other[1]] = 0
        one[1], other[1] = other[1], one[1]
        wires[one[0], one[1]] = wires[other[0], other[1]] = 1

    def _follow(self, layer: int, a: int, b: int, c: int, d: int) -> None:
        """Bring the products up to date after a swap that made a->d and c->b."""
        wires, common = self._wires[layer], self._common[layer]
        gained = wires[:, d] - wires[:, b]
        gained[[a, c]] = 0  # what the two share with themselves and each other stays
        common[a] += gained
        common[c] -= gained
        common[:, a] += gained
        common[:, c] -= gained
        if layer + 1 < len(self._wires):
            gained = self._wires[layer + 1][d] - self._wires[layer + 1][b]
            self._two[layer][a] += gained
            self._two[layer][c] -= gained
        if layer:
            gained = self._wires[layer - 1][:, a] - self._wires[layer - 1][:, c]
            self._two[layer - 1][:, d] += gained
            self._two[layer - 1][:, b] -= gained

    def result(self) -> Rewired:
        """Return the network as it is now."""
        places = (
            np.array([a * wires.shape[1] + b for a, b in edges], np.int64)
            for edges, wires in zip(self._edges, self._wires, strict=True)
        )
        z = dict(zip(VARYING, self.z.tolist(), strict=True))
        adjacency = tuple(wires > 0 for wires in self._wires)
        return Rewired(adjacency, self._origins, tuple(places), tuple(self._accepted), z)
