"""Pruning at initialisation by gradient signal preservation."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge

from harness import Batch, Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Grasp(ScorePruner):
    """Before training, keep the weights whose removal would reduce the gradient's norm most.

    The score is w · Hg, with H the Hessian of the loss and g its gradient over the batches: weights
    of the largest -w · Hg are removed. Wang, Zhang and Grosse (2020), Picking winning tickets
    before training by preserving gradient flow, arXiv 2002.07376, eq. 8.

    **Parameters:**

    - `scope`: "layer", "output" or, as published, "global": within what weights compete
    - `batches`: of training data
    """

    name: ClassVar[str] = "grasp"
    when: ClassVar[When] = "init"
    scope: Scope = "global"
    batches: Annotated[int, Ge(1)] = 8

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return w · Hg of each weight."""
        masked, batches = evidence.effective, evidence.batches(self.batches)

        def slope(weights: Weights, batch: Batch) -> Weights:
            return evidence.gradient(weights, batch)

        # The gradient is that of the kept connections.
        gradient = leaf_map(
            lambda g, mask: jnp.where(mask, g, 0),
            evidence.mean(lambda batch: slope(masked, batch), batches),
            evidence.mask,
        )
        curved = evidence.mean(
            lambda batch: jax.jvp(lambda w: slope(w, batch), (masked,), (gradient,))[1], batches
        )
        return leaf_map(jnp.multiply, masked, curved)


@hookimpl
def register_pruners() -> list[type[Grasp]]:
    """Offer the pruner to the harness."""
    return [Grasp]
