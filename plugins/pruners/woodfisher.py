"""Pruning by the inverse of the empirical Fisher information, with an update of kept weights."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge, Gt, MultipleOf
from jaxtyping import Array, Float

from harness import (
    AbstractPruner,
    Batch,
    Evidence,
    Target,
    Update,
    hookimpl,
    leaf_map,
    prune_by_score,
)
from harness.types import Key, Scope, When

_AT_ONCE = 16
"""Examples whose gradients are in memory together: fewer passes over the matrices."""
Blocks = Float[Array, "blocks size"]
Matrices = Float[Array, "blocks size size"]


@dataclass(frozen=True)
class WoodFisher(AbstractPruner):
    """Remove the weights that cost least by the Fisher information, and adjust the others.

    The cost is w² / 2 [F⁻¹]_ww, F the mean of g gᵀ over examples in blocks along the rows of each
    layer. The kept weights move to the minimum of the quadratic form of F over their block given
    that the others are zero (Hassibi and Stork 1992, for several weights at once). Singh and
    Alistarh (2020), WoodFisher: efficient second-order approximation for neural network
    compression, arXiv 2004.14340, eq. 9 to 12.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    - `examples`: training rows, one gradient each, a multiple of 16
    - `block`: weights in a block
    - `damping`: added to the diagonal of F, as a share of its mean over the layer
    """

    name: ClassVar[str] = "woodfisher"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"
    examples: Annotated[int, Ge(1), MultipleOf(_AT_ONCE)] = 256
    block: Annotated[int, Ge(1)] = 25
    damping: Annotated[float, Gt(0)] = 0.01

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Prune by the cost of removal, then move the kept weights."""
        information = self.information(evidence)
        weights = leaf_map(self._blocks, evidence.effective)
        cost = leaf_map(_unblocked, leaf_map(_cost, information, weights), evidence.weights)
        mask = prune_by_score(cost, evidence.candidates, target, scope=self.scope, key=key)
        moved = leaf_map(_moved, information, weights, leaf_map(self._blocks, mask))
        params = leaf_map(_unblocked, moved, evidence.weights)
        return Update(mask, params=leaf_map(jnp.where, mask, params, evidence.weights)), state

    def information(self, evidence: Evidence) -> dict[str, Matrices]:
        """Return F of each block of each leaf, damped; pruned weights have no part in it."""
        masked = evidence.effective

        def mean(examples: Batch) -> dict[str, Matrices]:
            # One at a time: not every operation has a rule for a batch of batches.
            slopes = jax.lax.map(lambda one: evidence.gradient(masked, one), examples)
            parts = leaf_map(
                lambda g, mask: jax.vmap(self._blocks)(jnp.where(mask[None], g, 0)),
                slopes,
                evidence.mask,
            )
            return leaf_map(lambda g: jnp.einsum("ebi,ebj->bij", g, g) / _AT_ONCE, parts)

        chunks = jax.tree.map(
            lambda leaf: leaf.reshape(-1, _AT_ONCE, *leaf.shape[1:]),
            evidence.examples(self.examples),
        )
        return leaf_map(self._damped, evidence.mean(mean, chunks))

    def _damped(self, matrices: Matrices) -> Matrices:
        diagonal = jnp.diagonal(matrices, axis1=1, axis2=2)
        # Never zero: a layer without gradient still needs an inverse.
        added = self.damping * jnp.mean(diagonal) + jnp.finfo(matrices.dtype).tiny ** 0.5
        return matrices + added * jnp.eye(matrices.shape[-1])[None]

    def _blocks(self, leaf: Array) -> Array:
        flat = leaf.ravel()
        return jnp.pad(flat, (0, -flat.size % self.block)).reshape(-1, self.block)


def _cost(matrices: Matrices, weights: Blocks) -> Blocks:
    """Return the rise of the loss when a weight is removed and the others of its block adjust."""
    return weights**2 / (2 * jnp.diagonal(_inverse(matrices), axis1=1, axis2=2))


def _inverse(matrices: Matrices) -> Matrices:
    """Invert symmetric positive definite matrices by Gauss and Jordan, all blocks at once.

    LAPACK is not used: on two cores its batches deadlock where several layers are inverted in one
    program (jaxlib 0.10.2).
    """
    places = jnp.arange(matrices.shape[-1])

    def eliminate(k: Array, a: Matrices) -> Matrices:
        here = places == k
        pivot = a[:, k, k][:, None]
        row = jnp.where(here[None], 1, a[:, k, :]) / pivot
        column = jnp.where(here[None], 0, a[:, :, k])
        rest = jnp.where(here[None, None], 0, a) - column[:, :, None] * row[:, None, :]
        return jnp.where(here[None, :, None], row[:, None, :], rest)

    return jax.lax.fori_loop(0, matrices.shape[-1], eliminate, matrices)


def _unblocked(blocks: Blocks, like: Array) -> Array:
    return blocks.ravel()[: like.size].reshape(like.shape)


def _moved(matrices: Matrices, weights: Blocks, kept: Array) -> Blocks:
    """Return the kept weights moved by x: F_kk x = F_kr w_r, r those that are removed."""
    keep = kept.astype(weights.dtype)
    both = keep[:, :, None] * keep[:, None, :]
    among = both * matrices + (1 - keep)[:, :, None] * jnp.eye(weights.shape[-1])[None]
    pulled = keep * jnp.einsum("bij,bj->bi", matrices, (1 - keep) * weights)
    return weights + jnp.einsum("bij,bj->bi", _inverse(among), pulled)


@hookimpl
def register_pruners() -> list[type[WoodFisher]]:
    """Offer the pruner to the harness."""
    return [WoodFisher]
