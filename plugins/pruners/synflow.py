"""Iterative pruning at initialisation that conserves synaptic flow."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge
from jaxtyping import Array, Float

from harness import AbstractPruner, Evidence, Target, Update, hookimpl, leaf_map, prune_by_score
from harness.types import Key, Masks, Weights, When


@dataclass(frozen=True)
class SynFlow(AbstractPruner):
    """Before training and without data, keep what carries flow from inputs to outputs.

    The score is |w · dR/dw| with R the sum of the outputs for an input of ones when every parameter
    is replaced by its size and nonlinearities are left out, over all layers at once, in many small
    rounds. Tanaka, Kunin, Yamins and Ganguli (2020), Pruning neural networks without any data by
    iteratively conserving synaptic flow, arXiv 2006.05467, algorithm 1.

    Biases count as in the authors' code (github.com/ganguli-lab/Synaptic-Flow, Pruners/pruners.py):
    every bias enters R by its size, prunable or not, for the flow that enters a node includes its
    bias (theorem 1). Where biases may be pruned, they compete with all weights by
    the same score: one of zero carries no flow and goes first.

    Flow is a product over the layers, so it is computed in float64: float32 overflows at 40 layers
    of 64 nodes. Where float64 overflows as well, the scores are not finite.

    **Parameters:**

    - `rounds`: number of rounds; the density falls by the same factor in each
    """

    name: ClassVar[str] = "synflow"
    when: ClassVar[When] = "init"
    needs: ClassVar[frozenset[str]] = frozenset({"linear"})
    rounds: Annotated[int, Ge(1)] = 100

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Keep the weights of largest flow, round by round."""
        sizes = {name: mask.size for name, mask in evidence.mask.items()}
        everything = sum(sizes.values())
        # Outside the loop, where numbers are single: (number due, density, size).
        total = (target.total, target.total / everything, everything)
        leaves = {
            name: (due, due / sizes[name], sizes[name]) for name, due in target.by_leaf.items()
        }

        def prune(number: Array, mask: Masks) -> Masks:
            def kept(due: Any, density: Any, size: int) -> Array:
                share = density ** ((number + 1) / self.rounds)
                number_kept = jnp.rint(share * size).astype(jnp.int32)
                last = number + 1 == self.rounds
                return jnp.where(last, due, jnp.maximum(number_kept, due))

            by_leaf = {name: kept(*leaf) for name, leaf in leaves.items()}
            return prune_by_score(
                self.flow(evidence, mask),
                mask,
                target._replace(total=kept(*total), by_leaf=by_leaf),
                scope="global",
                key=jax.random.fold_in(key, number),
            )

        # Around the loop too: `vmap` rewrites the body of a loop when the loop is made.
        with jax.enable_x64(True):
            return Update(jax.lax.fori_loop(0, self.rounds, prune, evidence.candidates)), state

    def flow(self, evidence: Evidence, mask: Masks) -> Weights:
        """Return |w · dR/dw| of each weight under a mask, divided by the largest of all."""
        inputs = evidence.batches(1).inputs[0, :1]
        with jax.enable_x64(True):
            sizes = {name: jnp.abs(_double(leaf)) for name, leaf in evidence.parameters.items()}
            for name, prunable in evidence.prunable.items():
                sizes[name] = jnp.where(mask[name] | ~prunable, sizes[name], 0)
            ones = _double(jnp.ones_like(inputs))

            def total(sizes: Weights) -> Float[Array, ""]:
                return jnp.sum(evidence.linear_forward(sizes, ones))

            slopes = jax.grad(total)(sizes)
            flow = {name: sizes[name] * jnp.abs(slopes[name]) for name in mask}
            most = jnp.max(jnp.stack([jnp.max(leaf) for leaf in flow.values()]))
            scale = jnp.where(most == 0, 1, most)  # all are 0 where no path is left
            return leaf_map(lambda leaf: (leaf / scale).astype(jnp.float32), flow)


def _double(leaf: Array) -> Array:
    inexact = jnp.issubdtype(leaf.dtype, jnp.inexact)
    return leaf.astype(jnp.float64) if inexact else leaf


@hookimpl
def register_pruners() -> list[type[SynFlow]]:
    """Offer the pruner to the harness."""
    return [SynFlow]
