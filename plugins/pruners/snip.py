"""Single-shot pruning at initialisation by connection sensitivity."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax.numpy as jnp
from annotated_types import Ge

from harness import Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Snip(ScorePruner):
    """Before training, keep the connections whose removal changes the loss most, to first order.

    The score is |w · dL/dw| of the mean loss over the batches. Lee, Ajanthan and Torr (2019), SNIP:
    single-shot network pruning based on connection sensitivity, arXiv 1810.02340, eq. 6.

    **Parameters:**

    - `scope`: "layer", "output" or, as published, "global": within what weights compete
    - `batches`: of training data
    """

    name: ClassVar[str] = "snip"
    when: ClassVar[When] = "init"
    scope: Scope = "global"
    batches: Annotated[int, Ge(1)] = 8

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return |w · dL/dw| of each weight."""
        masked = evidence.effective
        slope = evidence.mean(
            lambda batch: evidence.gradient(masked, batch), evidence.batches(self.batches)
        )
        return leaf_map(lambda w, g: jnp.abs(w * g), masked, slope)


@hookimpl
def register_pruners() -> list[type[Snip]]:
    """Offer the pruner to the harness."""
    return [Snip]
