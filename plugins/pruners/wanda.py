"""Pruning by weights and activations."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax.numpy as jnp
from annotated_types import Ge

from harness import Batch, Evidence, ScorePruner, hookimpl
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Wanda(ScorePruner):
    """Keep the weights of largest size times the norm of the signal that enters them.

    |w| · ‖x‖₂ over the batches, compared within each output, which fixes in-degrees: every node
    keeps as many inputs as the others of its layer. Sun, Liu, Bair and Kolter (2023), A simple and
    effective pruning approach for large language models, arXiv 2306.11695, eq. 1.

    **Parameters:**

    - `scope`: as published "output", or "layer" or "global": within what weights compete
    - `batches`: of training data
    """

    name: ClassVar[str] = "wanda"
    when: ClassVar[When] = "level"
    needs: ClassVar[frozenset[str]] = frozenset({"activations"})
    scope: Scope = "output"
    batches: Annotated[int, Ge(1)] = 8

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """|w| · ‖x‖₂ of each weight; |w| of biases, which a constant 1 enters."""
        acting = evidence.effective

        def squares(batch: Batch) -> Weights:
            entering = evidence.activations(acting, jnp.asarray(batch.inputs))
            return {name: jnp.mean(signal**2, axis=0) for name, signal in entering.items()}

        norms = evidence.mean(squares, evidence.batches(self.batches))
        return {
            name: jnp.abs(w) * jnp.sqrt(norms[name])[None, :] if name in norms else jnp.abs(w)
            for name, w in evidence.weights.items()
        }


@hookimpl
def register_pruners() -> list[type[Wanda]]:
    """Offer the pruner to the harness."""
    return [Wanda]
