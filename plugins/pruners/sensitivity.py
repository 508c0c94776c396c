"""Sensitivity pruning."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge

from harness import Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Batch, Key, Scope, Weights, When


@dataclass(frozen=True)
class Sensitivity(ScorePruner):
    """Keep the weights whose removal would change the loss most, to first order.

    The mean of |w * dL/dw| over batches of training data. Mozer and Smolensky (1988),
    Skeletonization; Molchanov et al. (2017), arXiv 1611.06440, eq. 7.

    **Parameters:**

    - `batches`: number of batches of the schedule's size
    """

    name: ClassVar[str] = "sensitivity"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"
    batches: Annotated[int, Ge(1)] = 8

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return the mean over batches of |w * dL/dw|."""

        def one(total: Weights, batch: Batch) -> tuple[Weights, None]:
            gradients = jax.grad(evidence.loss)(evidence.effective, batch)
            term = leaf_map(lambda w, g: jnp.abs(w * g), evidence.effective, gradients)
            return leaf_map(jnp.add, total, term), None

        nothing = leaf_map(jnp.zeros_like, evidence.effective)
        total, _ = jax.lax.scan(one, nothing, evidence.batches(self.batches))
        return leaf_map(lambda sums: sums / self.batches, total)


@hookimpl
def register_pruners() -> list[type[Sensitivity]]:
    """Offer the pruner to the harness."""
    return [Sensitivity]
