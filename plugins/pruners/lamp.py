"""Layer-adaptive magnitude pruning."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from harness import Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Lamp(ScorePruner):
    """Keep, over all layers, the weights with the largest share of what their layer would keep.

    The score is w² over the sum of all w² of its layer that are not smaller. The largest weight of
    each layer scores 1, so that no layer is emptied before the others. Lee, Park, Mo, Ahn and Shin
    (2021), Layer-adaptive sparsity for the magnitude-based pruning, arXiv 2010.07611, eq. 4.
    """

    name: ClassVar[str] = "lamp"
    when: ClassVar[When] = "level"
    scope: ClassVar[Scope] = "global"  # type: ignore[misc]

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return the LAMP score of each weight."""
        return leaf_map(_lamp, evidence.effective)


def _lamp(weights: Float[Array, "..."]) -> Float[Array, "..."]:
    squares = jnp.square(weights).ravel()
    order = jnp.argsort(-squares)
    sums = jnp.cumsum(squares[order])
    scores = squares[order] / jnp.where(sums > 0, sums, 1)
    return jnp.zeros_like(squares).at[order].set(scores).reshape(weights.shape)


@hookimpl
def register_pruners() -> list[type[Lamp]]:
    """Offer the pruner to the harness."""
    return [Lamp]
