"""Rewiring towards a number of motifs, while every node keeps its degrees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Array, Key

from harness import AbstractIntervention, AbstractPruner, Change, Model, Source, hookimpl, motifs
from harness.motifs import Varying
from harness.types import GoesOn, Masks, Weights


@dataclass(frozen=True)
class Rewire(AbstractIntervention):
    """Swap edges within layers until one motif class is as frequent as asked; degrees stay.

    Each swap makes a->b, c->d into a->d, c->b. Metropolis et al. (1953) accepts swaps that bring
    z of the class, under the `degree` null, nearer to its target, and few others. The other five
    classes that degrees leave free are held, every node on a path from an input to an output stays
    on one, and the number of these paths is held. Swaps end at the target, or where `tries` are
    over: measure what was reached with `motifs[null=degree]`. Milo et al. (2002), Science 298:824,
    temper towards counts in the same way. A network whose class has no spread under the null, as
    near full density, stays as it is. Needs layers of edges that are one weight each.

    **Parameters:**

    - `motif`: the class of order 3 that changes
    - `target`: its z under the `degree` null, or its number of copies
    - `unit`: of the target: "z" or "count"
    - `sham`: as many accepted swaps in each layer, with all six classes held
    - `on`: how training goes on: with the trained weights moved with their edges, not at all
      ("not") or from there ("here"); else from the initial weights ("start"), from the source's
      rewind point ("rewind"), or from other initial weights ("new")
    - `hold`: how far z of the other classes may move
    - `paths`: how far the number of paths may move, as a share
    - `tolerance`: how near to the target, in z, swaps end
    - `tries`: swaps that are tried at most, for each edge
    - `draws`: from the `degree` null, for its mean and standard deviation
    """

    name: ClassVar[str] = "rewire"
    of: ClassVar[str] = "magnitude"
    motif: Varying = "bifan"
    target: float = 5.0
    unit: Literal["z", "count"] = "z"
    sham: bool = False
    on: Literal["not", "here", "start", "rewind", "new"] = "start"
    hold: Annotated[float, Gt(0)] = 1.0
    paths: Annotated[float, Ge(0)] = 0.05
    tolerance: Annotated[float, Gt(0)] = 0.1
    tries: Annotated[int, Ge(1)] = 20
    draws: Annotated[int, Ge(10)] = 100

    def reason_not_to_fit(self, model: Model, networks: int) -> str | None:
        """Return a reason where edges are not weights."""
        reason = model.reason_not_layered
        return reason and f"intervention '{self.name}': {reason}"

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return `on`."""
        return self.on

    def change(self, source: Source) -> Change:
        """Rewire each network, and move its weights with the edges where these are kept."""
        edges = source.edges()
        rewired = self._rewired([one.adjacency for one in edges], source.keys)
        moves = [_moved(one, of.numbers) for one, of in zip(rewired, edges, strict=True)]

        def carried(leaves: Masks | Weights) -> dict[str, Array]:
            each = []
            for number, (one, (origins, places)) in enumerate(zip(edges, moves, strict=True)):
                before = one.values({name: leaves[name][number] for name in source.masks})
                after = before.copy()  # biases stay
                after[origins] = 0
                after[places] = before[origins]
                each.append(one.leaves(after))
            return {name: jnp.stack([one[name] for one in each]) for name in source.masks}

        weights = source.weights if self.on in ("not", "here") else None
        return Change(carried(source.masks), None if weights is None else carried(weights))

    def _rewired(
        self, wirings: Sequence[tuple[np.ndarray, ...]], keys: Key[Array, " networks"]
    ) -> list[motifs.Rewired]:
        starts = [self._start(wiring, key) for wiring, key in zip(wirings, keys, strict=True)]
        targets = [self._target(start.null) for start in starts]
        limits = motifs.Limits(self.hold, self.paths, tolerance=self.tolerance, tries=self.tries)
        rewired = motifs.tempered(starts, [self.motif] * len(starts), targets, limits)
        if not self.sham:
            return rewired
        return motifs.neutral(starts, [one.accepted for one in rewired], limits)

    def _start(self, wiring: tuple[np.ndarray, ...], key: jax.Array) -> motifs.Start:
        seed = tuple(int(word) for word in np.ravel(jax.random.key_data(key)))
        null = motifs.degree_moments(wiring, self.draws, seed)
        return motifs.Start(wiring, null, np.random.default_rng(seed))

    def _target(self, null: motifs.Null) -> float:
        """Return the z aimed at."""
        if self.unit == "z":
            return self.target
        mean, sd = (part[motifs.VARYING.index(self.motif)] for part in null)
        return float((self.target - mean) / (sd or 1.0))


def _moved(
    rewired: motifs.Rewired, numbers: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the weights that the edges were, and of those that they are."""
    origins, places = (
        np.concatenate([one.ravel()[at] for one, at in zip(numbers, ends, strict=True)])
        for ends in (rewired.origins, rewired.places)
    )
    return origins, places


@hookimpl
def register_interventions() -> list[type[Rewire]]:
    """Offer the intervention to the harness."""
    return [Rewire]
