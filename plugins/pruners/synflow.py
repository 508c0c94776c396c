"""Iterative pruning at initialisation that conserves synaptic flow."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge
from jaxtyping import Array, Float

from harness import AbstractPruner, Evidence, Target, Update, hookimpl, leaf_map, prune_by_score
from harness.types import Key, Masks, Weights, When


@dataclass(frozen=True)
class SynFlow(AbstractPruner):
    """Before training and without data, keep what carries flow from inputs to outputs.

    |w · dR/dw| with R the sum of the outputs for an input of ones when every weight is replaced by
    its size and nonlinearities are left out, over all layers at once, in many small rounds. Tanaka,
    Kunin, Yamins and Ganguli (2020), Pruning neural networks without any data by iteratively
    conserving synaptic flow, arXiv 2006.05467, algorithm 1.

    **Parameters:**

    - `rounds`: in which the density falls to that asked for, by the same factor each
    """

    name: ClassVar[str] = "synflow"
    when: ClassVar[When] = "init"
    needs: ClassVar[frozenset[str]] = frozenset({"linear"})
    rounds: Annotated[int, Ge(1)] = 100

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Keep the weights of largest flow, round by round."""
        everything = sum(mask.size for mask in evidence.mask.values())
        density = target.total / everything

        def prune(number: Array, mask: Masks) -> Masks:
            share = density ** ((number + 1) / self.rounds)
            number_kept = jnp.rint(share * everything).astype(jnp.int32)
            last = number + 1 == self.rounds
            kept = jnp.where(last, target.total, jnp.maximum(number_kept, target.total))
            return prune_by_score(
                self.flow(evidence, mask),
                mask,
                target._replace(total=kept),
                scope="global",
                key=jax.random.fold_in(key, number),
            )

        return Update(jax.lax.fori_loop(0, self.rounds, prune, evidence.candidates)), state

    def flow(self, evidence: Evidence, mask: Masks) -> Weights:
        """|w · dR/dw| of each weight under a mask, up to one factor for all."""
        # A factor for a layer is a factor for R: weights of size up to 1 keep R within float32.
        sizes = leaf_map(
            lambda w, m: jnp.where(m, jnp.abs(w), 0) / jnp.max(jnp.abs(w)), evidence.weights, mask
        )
        ones = jnp.ones_like(evidence.batches(1).inputs[0, :1])

        def total(weights: Weights) -> Float[Array, ""]:
            return jnp.sum(evidence.linear_forward(weights, ones))

        return leaf_map(lambda w, g: jnp.abs(w * g), sizes, jax.grad(total)(sizes))


@hookimpl
def register_pruners() -> list[type[SynFlow]]:
    """Offer the pruner to the harness."""
    return [SynFlow]
