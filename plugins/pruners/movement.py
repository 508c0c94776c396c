"""Movement pruning."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from harness import AbstractPruner, Evidence, Target, Update, hookimpl, leaf_map, prune_by_score
from harness.types import Key, Masks, Scope, Weights, When


@dataclass(frozen=True)
class Movement(AbstractPruner):
    """Keep the weights that training drives away from zero: -Σ w · dL/dw over all steps so far.

    The gradient is that of the masked weights, passed straight through the mask, so that pruned
    weights score too and may come back. Sanh, Wolf and Rush (2020), Movement pruning: adaptive
    sparsity by fine-tuning, arXiv 2005.07683, eq. 3 and 4.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    """

    name: ClassVar[str] = "movement"
    when: ClassVar[When] = "level"
    regrows: ClassVar[bool] = True
    scope: Scope = "layer"

    def init(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return scores of zero."""
        return leaf_map(jnp.zeros_like, evidence.weights)

    def gather(self, weights: Weights, gradients: Weights, masks: Masks) -> Weights:
        """Return -w · dL/dw of one training step."""
        return leaf_map(lambda w, g: -w * g, weights, gradients)

    def step(
        self, evidence: Evidence, target: Target, state: Weights, *, key: Key
    ) -> tuple[Update, Weights]:
        """Keep what has moved farthest from zero. The scores are summed over levels."""
        scores = jax.tree.map(jnp.add, state, evidence.gathered)
        mask = prune_by_score(scores, evidence.prunable, target, scope=self.scope, key=key)
        return Update(mask), scores


@hookimpl
def register_pruners() -> list[type[Movement]]:
    """Offer the pruner to the harness."""
    return [Movement]
