"""Random pruning."""

from dataclasses import dataclass
from typing import ClassVar

import jax

from harness import Evidence, ScorePruner, hookimpl
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Random(ScorePruner):
    """Keep weights drawn uniformly at random: the control that any other pruner must beat.

    Layer by layer every layer keeps the same share, and its masks are draws of the `layered` null.
    """

    name: ClassVar[str] = "random"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """A random number for each weight."""
        names = sorted(evidence.weights)
        keys = jax.random.split(key, len(names))
        return {
            name: jax.random.uniform(own, evidence.weights[name].shape)
            for name, own in zip(names, keys, strict=True)
        }


@hookimpl
def register_pruners() -> list[type[Random]]:
    """Offer the pruner to the harness."""
    return [Random]
