"""Gradual magnitude pruning."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax.numpy as jnp
from annotated_types import Ge, Gt, Le

from harness import Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Gmp(ScorePruner):
    """Magnitude pruning during training, the density falling along a cubic.

    Zhu and Gupta (2017), To prune, or not to prune, arXiv 1710.01878, eq. 1: within each level from
    the density before it to its own, s(t) = s1 + (s0 - s1) (1 - t)³ of the sparsity s.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    - `every`: training steps between two prunings
    - `until`: share of a level after which its density is reached; the network recovers in the rest
    """

    name: ClassVar[str] = "gmp"
    when: ClassVar[When] = "during"
    scope: Scope = "layer"
    every: Annotated[int, Ge(1)] = 50
    until: Annotated[float, Gt(0), Le(1)] = 0.75

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return |w| of each weight."""
        return leaf_map(jnp.abs, evidence.weights)

    def ramp(self, previous: float, density: float, progress: float) -> float:
        """Return the density after a share `progress` of a level."""
        left = max(0.0, 1 - progress / self.until)
        return density + (previous - density) * left**3


@hookimpl
def register_pruners() -> list[type[Gmp]]:
    """Offer the pruner to the harness."""
    return [Gmp]
