"""Swaps of edges that networks try side by side."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from ._paths import PathsUnderSwaps
from ._varying import VARYING, CountsUnderSwaps, Varying
from ._wires import Rows, Swaps, Wires, Wiring

_DRAWN = 1024
"""Swaps that are drawn at a time for each network."""

_AHEAD = 64
"""Swaps that are judged at once at most, where they are more than the networks."""

_Numbers = Int[np.ndarray, " tries"]
Null: TypeAlias = tuple[Float[np.ndarray, "6"], Float[np.ndarray, "6"]]
"""Mean and standard deviation of the six varying classes."""


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
class Start:
    """A network before swaps: its edges, their `degree` null, and what draws its swaps.

    `null` is as `degree_moments` returns it: swaps keep degrees, so it stays the network's.
    """

    wiring: Wiring
    null: Null
    rng: np.random.Generator


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


@dataclass(frozen=True)
class Tries(Rows):
    """Swaps that networks try, each some in turn, from where all are now.

    `number` is how many the network tried before, `changes` what a swap adds to the counts, `lots`
    are uniform random numbers.
    """

    number: Int[np.ndarray, " swaps"]
    swaps: Swaps
    changes: Float[np.ndarray, "swaps 6"]
    lots: Float[np.ndarray, " swaps"]


class _Draws:
    """Random layers, pairs of edges and lots of each network, by its own generator."""

    def __init__(
        self, rngs: Sequence[np.random.Generator], edges: Int[np.ndarray, "networks layers"]
    ) -> None:
        self._rngs, self._edges, shape = rngs, edges, (len(edges), _DRAWN)
        self._layers, self._lots = np.zeros(shape, int), np.zeros(shape)
        self._picked = np.zeros((2, *shape), int)

    def ahead(
        self,
        who: Int[np.ndarray, " going"],
        tried: Int[np.ndarray, " networks"],
        number: int,
        limit: Int[np.ndarray, " networks"],
    ) -> tuple[_Numbers, _Numbers]:
        """Return networks and numbers of their next tries: `number` each, or as many as are drawn.

        `tried` and `limit` have the tries of every network before, and at most.
        """
        for network in who[tried[who] % _DRAWN == 0].tolist():
            self._draw(network)
        numbers = tried[who][:, None] + np.arange(number)
        most = np.minimum(limit[who], (tried[who] // _DRAWN + 1) * _DRAWN)
        networks, _ = np.nonzero(numbers < most[:, None])
        return who[networks], numbers[numbers < most[:, None]]

    def _draw(self, network: int) -> None:
        rng, edges = self._rngs[network], self._edges[network]
        self._layers[network] = rng.choice(len(edges), _DRAWN, p=edges / edges.sum())
        self._picked[:, network] = rng.random((2, _DRAWN)) * edges[self._layers[network]]
        self._lots[network] = rng.random(_DRAWN)

    def of(
        self, who: _Numbers, number: _Numbers
    ) -> tuple[_Numbers, _Numbers, _Numbers, Float[np.ndarray, " tries"]]:
        """Return layers, the places of two edges there, and lots."""
        at = who, number % _DRAWN
        return self._layers[at], self._picked[0][at], self._picked[1][at], self._lots[at]


class Batch:
    """Networks under swaps, side by side.

    Where few of the swaps tried are accepted, some are judged at once for each network. The first
    that is accepted is made, and those after it are judged anew: it is as if one were tried at a
    time.
    """

    def __init__(self, starts: Sequence[Start], limits: Limits) -> None:
        wirings = (start.wiring for start in starts)
        stacked = [np.stack(layer) for layer in zip(*wirings, strict=True)]
        self._limits = limits
        self._mean = np.stack([start.null[0] for start in starts])
        self.sd = np.stack([start.null[1] for start in starts])
        self._wires = Wires(stacked)
        self._draws = _Draws([start.rng for start in starts], self._wires.edges)
        self._counts = CountsUnderSwaps(stacked, self._wires)
        self._paths = PathsUnderSwaps(self._wires)
        self._origins = [self._wires.places(network) for network in range(len(starts))]
        self._accepted = np.zeros_like(self._wires.edges)
        self._tried = np.zeros(len(starts), int)
        self._rate = 1.0  # accepted of those tried lately
        self.z = self._z_of(self._counts.counts, np.arange(len(starts)))
        self._start = self.z.copy()

    def _z_of(
        self, counted: Float[np.ndarray, "some 6"], who: Int[np.ndarray, " some"]
    ) -> Float[np.ndarray, "some 6"]:
        """Return z of the classes, 0 where one has no spread."""
        gap, sd = counted - self._mean[who], self.sd[who]
        return np.divide(gap, sd, out=np.zeros_like(gap), where=sd > 0)

    def tries(
        self,
        most: int,
        going: Bool[np.ndarray, " networks"],
        left: Int[np.ndarray, "networks layers"] | None = None,
    ) -> Iterator[Tries]:
        """Yield random swaps of the networks that still go on, at most `most` for each edge.

        A swap that would make a double edge counts as a try, and so does one of a layer in which
        no swap is left; these are not yielded. The caller changes `going` and `left`.
        """
        limit = most * self._wires.edges.sum(1)
        while (who := np.flatnonzero(going & (self._tried < limit))).size:
            tried, accepted = self._tried.sum(), self._accepted.sum()
            ahead = min(1.5 / max(self._rate, 0.01), max(1, _AHEAD // who.size))
            who, number = self._draws.ahead(who, self._tried, int(ahead), limit)
            self._tried += np.bincount(who, minlength=len(going))
            layer, one, other, lots = self._draws.of(who, number)
            swaps = self._wires.swaps(who, layer, one, other)
            kept = ~self._wires.doubled(swaps)
            if left is not None:
                kept &= left[who, layer] > 0
            swaps = swaps[kept]
            yield Tries(number[kept], swaps, self._counts.changes(swaps), lots[kept])
            rate = (self._accepted.sum() - accepted) / (self._tried.sum() - tried)
            self._rate += 0.1 * (rate - self._rate)

    def accept(self, tries: Tries, held: Bool[np.ndarray, "networks 6"]) -> Swaps:
        """Make each network's first swap that stays within the limits, and return these."""
        these, who = tries.swaps, tries.swaps.who
        counted = self._counts.counts[who] + tries.changes
        z = self._z_of(counted, who)
        beyond = (np.abs(z - self._start[who]) > self._limits.hold) & held[who]
        effect = self._paths.effect(these)
        within = self._paths.stay(these, effect, within=self._limits.paths) & ~beyond.any(1)
        first = np.zeros(len(who), bool)
        passing = np.flatnonzero(within)
        first[passing[np.unique(who[passing], return_index=True)[1]]] = True
        these, who = these[first], who[first]
        self._counts.counts[who], self.z[who] = counted[first], z[first]
        self._wires.swap(these)
        self._paths.follow(these, effect[first])
        self._accepted[who, these.layer] += 1
        self._tried[who] = tries.number[first] + 1
        return these

    def result(self) -> list[Rewired]:
        """Return the networks as they are now."""
        rewired = []
        for network, origins in enumerate(self._origins):
            places = self._wires.places(network)
            shapes = itertools.pairwise(self._wires.sizes)
            adjacency = tuple(_filled(shape, at) for shape, at in zip(shapes, places, strict=True))
            z = dict(zip(VARYING, self.z[network].tolist(), strict=True))
            accepted = tuple(self._accepted[network].tolist())
            rewired.append(Rewired(adjacency, origins, places, accepted, z))
        return rewired


def _filled(shape: tuple[int, int], places: Int[np.ndarray, " edges"]) -> Bool[np.ndarray, "s t"]:
    wires = np.zeros(shape, bool)
    wires.ravel()[places] = True
    return wires
