"""Optimal Brain Damage."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
from annotated_types import Ge
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from harness import Batch, Evidence, ScorePruner, hookimpl, leaf_map
from harness.sparse.masks import leaf_keys
from harness.types import Key, Scope, Weights, When


@dataclass(frozen=True)
class Obd(ScorePruner):
    """Keep the weights whose removal would raise the loss most, by the diagonal of its Hessian.

    The score is ½ h w² (LeCun, Denker and Solla 1989, Optimal Brain Damage). Like them, the default
    drops terms that vanish with the residuals: h is the diagonal of the Gauss-Newton matrix Jᵀ H J,
    J the slopes of the outputs and H the curvature of the loss in them (Schraudolph 2002,
    doi:10.1162/08997660260028683). A vector u of random signs, one for each output of some rows,
    gives Jᵀu · JᵀHu, whose mean is that diagonal; its noise does not grow with the number of
    weights.

    Agreement with the exact diagonal (node by node) in what one pruning to 2 % of each layer keeps,
    at the default and, in brackets, by "hutchinson" with 4 probes and 8 batches of 128: 0.90 (0.32)
    on one `moth` network after 3,000 dense steps of `quick` (20,000 flights, the exact one over
    2,048 rows); 0.72 and 0.66 (0.39 and 0.32) on two `digits` networks after 2,000 steps, where few
    hard rows make the curvature: the exact diagonal over 1,024 drawn rows agrees to 0.85 there.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    - `diagonal`: "gauss-newton"; "hutchinson", the mean of v · Hv over random signs v of all
      weights (Hutchinson 1990; Bekas, Kokiopoulou and Saad 2007); or "exact" at one
      Hessian-vector product for each weight, for networks of some thousand weights
    - `probes`: random sign vectors, in all ("gauss-newton") or for each batch ("hutchinson")
    - `rows`: training rows of each, for "gauss-newton"
    - `batches`: of training data, for the others
    """

    name: ClassVar[str] = "obd"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"
    diagonal: Literal["gauss-newton", "hutchinson", "exact"] = "gauss-newton"
    probes: Annotated[int, Ge(1)] = 128
    rows: Annotated[int, Ge(1)] = 32
    batches: Annotated[int, Ge(1)] = 8

    def __post_init__(self) -> None:
        needs = ("output-loss",) if self.diagonal == "gauss-newton" else ()
        object.__setattr__(self, "needs", frozenset(needs))

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return ½ h w² of each weight."""
        if self.diagonal == "gauss-newton":
            diagonal = self._gauss_newton(evidence, key)
        elif self.diagonal == "exact":
            batches = evidence.batches(self.batches)
            diagonal = evidence.mean(lambda batch: _exact(evidence, batch), batches)
        else:
            diagonal = self._estimated(evidence, evidence.batches(self.batches), key)
        return leaf_map(lambda h, w: h * w**2 / 2, diagonal, evidence.effective)

    def _gauss_newton(self, evidence: Evidence, key: Key) -> Weights:
        def probed(one: tuple[Key, Batch]) -> Weights:
            sign_key, rows = one
            outputs, pulled = jax.vjp(
                lambda weights: evidence.forward(weights, jnp.asarray(rows.inputs)),
                evidence.effective,
            )
            slope = jax.grad(lambda out: evidence.output_loss(out, jnp.asarray(rows.targets)))
            signs = jax.random.rademacher(sign_key, outputs.shape, outputs.dtype)
            _, curved = jax.jvp(slope, (outputs,), (signs,))
            return leaf_map(jnp.multiply, *pulled(signs), *pulled(curved))

        def grouped(leaf: Array) -> Array:
            return leaf.reshape(self.probes, self.rows, *leaf.shape[2:])

        rows = evidence.examples(self.probes * self.rows)
        keys = jax.random.split(key, self.probes)
        return evidence.mean(probed, (keys, jax.tree.map(grouped, rows)))

    def _estimated(self, evidence: Evidence, batches: Batch, key: Key) -> Weights:
        def of_batch(one: tuple[Key, Batch]) -> Weights:
            batch_key, batch = one

            def probed(probe_key: Key) -> Weights:
                signs = _signs(evidence, probe_key)
                return leaf_map(jnp.multiply, signs, _product(evidence, batch, signs))

            return evidence.mean(probed, jax.random.split(batch_key, self.probes))

        return evidence.mean(of_batch, (jax.random.split(key, self.batches), batches))


def _product(evidence: Evidence, batch: Batch, direction: Weights) -> Weights:
    """Return the Hessian of the loss times a direction, forward over reverse."""

    def slope(weights: Weights) -> Weights:
        return evidence.gradient(weights, batch)

    return jax.jvp(slope, (evidence.effective,), (direction,))[1]


def _signs(evidence: Evidence, key: Key) -> Weights:
    """Return random signs for kept weights, and zero for pruned ones."""
    keys = leaf_keys(evidence.mask, key)
    return {
        name: jnp.where(evidence.mask[name], jax.random.rademacher(keys[name], w.shape, w.dtype), 0)
        for name, w in evidence.weights.items()
    }


def _exact(evidence: Evidence, batch: Batch) -> Weights:
    flat, shaped = ravel_pytree(evidence.effective)

    def entry(place: Array) -> Array:
        direction = shaped(jnp.zeros_like(flat).at[place].set(1))
        return ravel_pytree(_product(evidence, batch, direction))[0][place]

    return shaped(jax.lax.map(entry, jnp.arange(flat.size)))


@hookimpl
def register_pruners() -> list[type[Obd]]:
    """Offer the pruner to the harness."""
    return [Obd]
