"""Random pruning."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import jax
from jaxtyping import PyTree

from harness import Evidence, ScorePruner, Target, Update, hookimpl
from harness.sparse.masks import random_scores
from harness.types import Key, Scope, Weights

from ._layer_densities import Layers, divided


@dataclass(frozen=True)
class Random(ScorePruner):
    """Keep weights drawn uniformly at random: the control that any other pruner must beat.

    Layer by layer its masks are draws of the `layered` null.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights are drawn
    - `layers`: how many weights each layer keeps: the same share ("uniform"), Erdős-Rényi-Kernel
      ("erk": Evci et al. 2020, arXiv 1911.11134), or a density for each layer in the order of
      their names, scaled to the density of the level
    - `when`: at every "level", or at "init", the control of pruners that act there
    """

    name: ClassVar[str] = "random"
    scope: Scope = "layer"
    layers: Layers = "uniform"
    when: Literal["level", "init"] = "level"  # type: ignore[misc]

    def __post_init__(self) -> None:
        if self.layers != "uniform" and self.scope not in ("layer", "output"):
            raise ValueError(f"`layers` divides weights between layers: scope={self.scope} cannot")
        if not isinstance(self.layers, str) and any(share <= 0 for share in self.layers):
            raise ValueError("`layers` must be densities above 0")

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Keep random weights among those still there."""
        divide_key, key = jax.random.split(key)
        target = divided(target, self.layers, evidence.candidates, key=divide_key)
        return super().step(evidence, target, state, key=key)

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return a random number for each weight."""
        return random_scores(evidence.weights, key)


@hookimpl
def register_pruners() -> list[type[Random]]:
    """Offer the pruner to the harness."""
    return [Random]
