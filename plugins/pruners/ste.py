"""Straight-through training: masks follow the weights, and gradients reach all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax.numpy as jnp
from annotated_types import Ge, Gt
from jaxtyping import Array

from harness import Evidence, ScorePruner, Target, Update, hookimpl, leaf_map, prune_by_score
from harness.sparse.masks import counted
from harness.types import Key, Masks, Scope, Weights, When

from ._regrowth import REGROWN


@dataclass(frozen=True)
class StraightThrough(ScorePruner):
    """Keep the weights that are largest now, and go on training those that are not kept.

    The loss is that of the masked weights, and its gradient with respect to them moves all weights
    as if there were no mask: the straight-through estimator (Bengio, Léonard and Courville 2013,
    arXiv 1308.3432). Every few steps the mask is that of the present magnitudes, so that weights
    come back: dynamic pruning with feedback (Lin, Stich, Barba, Dmitriev and Jaggi 2020, arXiv
    2006.07253, eq. 4), and with scope=2:4 and a decay SR-STE (Zhou et al. 2021, arXiv 2102.04010).
    Kept weights are moved by the schedule's optimiser, pruned ones by plain gradient descent:
    under plain SGD of the same rate both are one rule, as published.

    **Parameters:**

    - `every`: training steps between two masks; 1: a mask for every step
    - `learning_rate`: of the pruned weights
    - `decay`: what is added to the gradient of a pruned weight in each step, as a share of its
      value at the last mask
    """

    name: ClassVar[str] = "ste"
    when: ClassVar[When] = "during"
    regrows: ClassVar[bool] = True
    diagnostics: ClassVar[Mapping[str, str]] = REGROWN
    scope: Scope = "layer"
    every: Annotated[int, Ge(1)] = 16
    learning_rate: Annotated[float, Gt(0)] = 0.1
    decay: Annotated[float, Ge(0)] = 0.0

    def gather(self, weights: Weights, gradients: Weights, masks: Masks) -> Weights:
        """Return what moves the pruned weights in one step: the dense gradient, and the decay."""
        return leaf_map(lambda w, g: g + self.decay * w, weights, gradients)

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return |w| of each weight, pruned ones moved by all gradients since the last mask."""
        return leaf_map(jnp.abs, self._moved(evidence))

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Move the pruned weights, then keep the largest of all."""
        mask = prune_by_score(
            self.score(evidence, key=key), evidence.prunable, target, scope=self.scope, key=key
        )
        new = leaf_map(lambda now, before: now & ~before, mask, evidence.mask)
        grown: Array = sum(counted(new).values(), jnp.int32(0))
        return Update(mask, self._moved(evidence), diagnostics={"regrown": grown}), state

    def _moved(self, evidence: Evidence) -> Weights:
        def move(w: Array, mask: Array, gradient: Array) -> Array:
            return jnp.where(mask, w, w - self.learning_rate * gradient)

        return leaf_map(move, evidence.weights, evidence.mask, evidence.gathered)


@hookimpl
def register_pruners() -> list[type[StraightThrough]]:
    """Offer the pruner to the harness."""
    return [StraightThrough]
