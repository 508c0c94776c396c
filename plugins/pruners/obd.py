"""Optimal Brain Damage."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
from annotated_types import Ge
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from harness import Batch, Evidence, ScorePruner, hookimpl, leaf_map
from harness.types import Key, Scope, Weights, When

from ._by_leaf import keys_of


@dataclass(frozen=True)
class Obd(ScorePruner):
    """Keep the weights whose removal would raise the loss most, by the diagonal of its Hessian.

    ½ h w². LeCun, Denker and Solla (1989), Optimal Brain Damage. The diagonal is that of the mean
    loss over the batches, estimated as the mean of v · Hv over random signs v (Hutchinson 1990;
    Bekas, Kokiopoulou and Saad 2007), or exact at one Hessian-vector product for each weight.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    - `batches`: of training data
    - `diagonal`: "hutchinson", or "exact" for networks of some thousand weights
    - `probes`: random sign vectors for each batch
    """

    name: ClassVar[str] = "obd"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"
    batches: Annotated[int, Ge(1)] = 8
    diagonal: Literal["hutchinson", "exact"] = "hutchinson"
    probes: Annotated[int, Ge(1)] = 4

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """½ h w² of each weight."""
        batches = evidence.batches(self.batches)
        if self.diagonal == "exact":
            diagonal = evidence.mean(lambda batch: _exact(evidence, batch), batches)
        else:
            diagonal = self._estimated(evidence, batches, key)
        return leaf_map(lambda h, w: h * w**2 / 2, diagonal, evidence.effective)

    def _estimated(self, evidence: Evidence, batches: Batch, key: Key) -> Weights:
        def of_batch(one: tuple[Key, Batch]) -> Weights:
            batch_key, batch = one

            def probed(probe_key: Key) -> Weights:
                signs = _signs(evidence, probe_key)
                return leaf_map(jnp.multiply, signs, _product(evidence, batch, signs))

            return evidence.mean(probed, jax.random.split(batch_key, self.probes))

        return evidence.mean(of_batch, (jax.random.split(key, self.batches), batches))


def _product(evidence: Evidence, batch: Batch, direction: Weights) -> Weights:
    """The Hessian of the loss times a direction: forward over reverse."""

    def slope(weights: Weights) -> Weights:
        return evidence.gradient(weights, batch)

    return jax.jvp(slope, (evidence.effective,), (direction,))[1]


def _signs(evidence: Evidence, key: Key) -> Weights:
    """Random signs where weights are, nothing where they are pruned."""
    keys = keys_of(evidence.mask, key)
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
