"""Pruning by weights and activations."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import jax.numpy as jnp
from annotated_types import Ge
from jaxtyping import PyTree

from harness import Batch, Evidence, ScorePruner, Target, Update, hookimpl, prune_by_score
from harness.sparse.masks import leaf_keys
from harness.types import Key, Masks, Scope, Weights, When


@dataclass(frozen=True)
class Wanda(ScorePruner):
    """Keep the weights of largest size times the norm of the signal that enters them.

    |w| · ‖x‖₂ over the batches, compared within each output, which fixes in-degrees: every node
    keeps as many inputs as the others of its layer. Sun, Liu, Bair and Kolter (2023), A simple and
    effective pruning approach for large language models, arXiv 2306.11695, eq. 1 and section 3.

    As published, layers are pruned one after the other, and x are the signals with the layers
    before already pruned. The order is that of the network's leaves; a layer that comes before its
    inputs in this order sees them unpruned.

    **Parameters:**

    - `scope`: as published "output", or "layer" or "global": within what weights compete
    - `signals`: taken once earlier layers are "pruned", or "before" any layer is; with scope=global
      only "before" is possible
    - `batches`: of training data
    """

    name: ClassVar[str] = "wanda"
    when: ClassVar[When] = "level"
    needs: ClassVar[frozenset[str]] = frozenset({"activations"})
    scope: Scope = "output"
    signals: Literal["pruned", "before"] = "pruned"
    batches: Annotated[int, Ge(1)] = 8

    def __post_init__(self) -> None:
        if self.scope == "global" and self.signals == "pruned":
            raise ValueError("scope=global ranks all layers at once: give signals=before with it")

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Keep the weights of largest score, layer after layer or all at once."""
        if self.signals == "before":
            return super().step(evidence, target, state, key=key)
        keys = leaf_keys(evidence.mask, key)
        candidates, masked = evidence.candidates, evidence.effective
        masks: Masks = {}
        for name in evidence.parameters:  # in the order of the network's leaves
            if name in candidates:
                scores = {name: self._scores(evidence, masked)[name]}
                allowed = {name: candidates[name]}
                masks |= prune_by_score(scores, allowed, target, scope=self.scope, key=keys[name])
                acts = masks[name] | ~evidence.prunable[name]
                masked = {**masked, name: jnp.where(acts, masked[name], 0)}
        return Update(masks), state

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return |w| · ‖x‖₂ of each weight; |w| of biases, which a constant 1 enters."""
        return self._scores(evidence, evidence.effective)

    def _scores(self, evidence: Evidence, masked: Weights) -> Weights:
        """Return the scores, with the signals of the network with these weights."""

        def squares(batch: Batch) -> Weights:
            entering = evidence.activations(masked, jnp.asarray(batch.inputs))
            return {
                # Summed over the places, or the steps, at which one weight is used.
                name: jnp.mean(signal**2, axis=0).reshape(signal.shape[1], -1).sum(-1)
                for name, signal in entering.items()
            }

        norms = evidence.mean(squares, evidence.batches(self.batches))
        return {
            name: jnp.abs(w) * jnp.sqrt(norms[name]).reshape(1, -1, *[1] * (w.ndim - 2))
            if name in norms
            else jnp.abs(w)
            for name, w in evidence.weights.items()
        }


@hookimpl
def register_pruners() -> list[type[Wanda]]:
    """Offer the pruner to the harness."""
    return [Wanda]
