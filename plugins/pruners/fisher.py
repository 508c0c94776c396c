"""Pruning by the diagonal of the empirical Fisher information."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax.numpy as jnp
from annotated_types import Ge

from harness import Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Fisher(ScorePruner):
    """Keep the weights whose removal would cost most by the Fisher information: w² · mean of g².

    g is the gradient of one example's loss: it is squared for each example, not for a batch. Theis,
    Korshunova, Tejani and Huszár (2018), arXiv 1801.05787, eq. 7.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    - `examples`: training rows, one gradient each
    """

    name: ClassVar[str] = "fisher"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"
    examples: Annotated[int, Ge(1)] = 256

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return w² times the mean of g² of each weight."""
        masked = evidence.effective
        information = evidence.mean(
            lambda one: leaf_map(jnp.square, evidence.gradient(masked, one)),
            evidence.examples(self.examples),
        )
        return leaf_map(lambda w, f: f * w**2, masked, information)


@hookimpl
def register_pruners() -> list[type[Fisher]]:
    """Offer the pruner to the harness."""
    return [Fisher]
