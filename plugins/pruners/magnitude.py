"""Magnitude pruning."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp

from harness import Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Magnitude(ScorePruner):
    """Keep the weights of largest magnitude.

    Han, Pool, Tran and Dally (2015), arXiv 1506.02626; layer by layer as in Zahn, Daniel and Kutz
    (2024), arXiv 2403.00974, or over all layers at once.
    """

    name: ClassVar[str] = "magnitude"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return |w| of each weight."""
        return leaf_map(jnp.abs, evidence.weights)


@hookimpl
def register_pruners() -> list[type[Magnitude]]:
    """Offer the pruner to the harness."""
    return [Magnitude]
