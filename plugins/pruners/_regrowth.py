"""Sparse training: a random sparse start, then weights dropped and others grown in their place."""

from collections.abc import Sequence
from typing import Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from harness import Evidence, Level, Target, Update, leaf_map, prune_by_score
from harness.sparse.masks import counted, keep_by_leaf, random_scores
from harness.types import Key, Masks, Weights

from ._layer_densities import Layers, divided


def sparse_start(
    evidence: Evidence, target: Target, layers: Layers, started: Bool[Array, ""], *, key: Key
) -> Masks:
    """Return random masks with the target's weights, divided between the layers.

    They are empty once training has `started`: they are not used then, and empty ones are fast.
    """
    divide_key, draw_key, tie_key = jax.random.split(key, 3)
    target = divided(target, layers, evidence.prunable, key=divide_key)
    lots = random_scores(evidence.weights, draw_key)
    may = leaf_map(lambda prunable: prunable & ~started, evidence.prunable)
    return prune_by_score(lots, may, target, scope="layer", key=tie_key)


def regrown(
    evidence: Evidence,
    fraction: Float[Array, ""],
    growth: Weights,
    values: Weights,
    start: Masks,
    started: Bool[Array, ""],
    *,
    key: Key,
) -> Update:
    """Replace the smallest weights of each layer by as many of the largest growth score.

    **Arguments:** `fraction` of a layer's weights, rounded down; `growth` scores of weights that
    are not there, dropped ones included; `values` that those start with which were not there
    before; their optimiser state starts again. Until training has `started` the masks are `start`
    and all weights keep their values. The update says how many weights grew.
    """
    drop_key, grow_key = jax.random.split(key)
    kept = counted(evidence.mask)
    dropped = leaf_map(lambda n: (fraction * n).astype(jnp.int32), kept)
    sizes = leaf_map(jnp.abs, evidence.weights)
    stays = keep_by_leaf(sizes, evidence.mask, leaf_map(jnp.subtract, kept, dropped), drop_key)
    free = leaf_map(lambda may, mask: may & ~mask, evidence.free, stays)
    mask = leaf_map(jnp.logical_or, stays, keep_by_leaf(growth, free, dropped, grow_key))
    mask = leaf_map(lambda now, first: jnp.where(started, now, first), mask, start)
    new = leaf_map(lambda now, before: now & ~before, mask, evidence.mask)
    weights = leaf_map(jnp.where, new, values, evidence.weights)
    grown = jnp.stack([*counted(new).values()]).sum()
    return Update(mask, weights, reset_optimizer=new, diagnostics={"regrown": grown})


REGROWN = {"regrown": "weights that grew in place of others, over all layers"}
"""What updates by `regrown` say of themselves."""


def annealed(fraction: float, progress: Float[Array, ""], until: float) -> Float[Array, ""]:
    """Return a fraction that falls along half a cosine and is zero from `until` on."""
    return fraction / 2 * (1 + jnp.cos(jnp.pi * jnp.minimum(progress / until, 1.0)))


def without_regrowth(
    pruner: "Regrowing", levels: Sequence[Level], targets: Sequence[Target], prunable: Masks
) -> list[str]:
    """Return a sentence for each level at which no weight can regrow. Called on the host."""
    sentences, divide = [], jax.jit(divided, static_argnums=1)
    for level, target in zip(levels, targets, strict=True):
        if level.density == 1:
            continue
        last = max((level.steps - 1) // pruner.every, 0)
        most = float(pruner.share(jnp.float32(1 / last))) if last else 0.0  # it only falls
        if most == 0:
            sentences.append(
                f"at density {level.density:g} nothing regrows: its {level.steps} steps leave no "
                f"regrowth between the sparse start and the end (every={pruner.every})"
            )
            continue
        kept = divide(target, pruner.layers, prunable, key=jax.random.key(0)).by_leaf
        still = [
            f"{name} (keeps {int(kept[name])} of {int(prunable[name].sum())})"
            for name in sorted(prunable)
            if int(jnp.float32(most) * kept[name]) == 0 or kept[name] == prunable[name].sum()
        ]
        if still:
            sentences.append(
                f"at density {level.density:g} nothing regrows in {', '.join(still)}: a share of "
                f"{most:.2g} of its weights is less than one, or it has no free place"
            )
    return sentences


class Regrowing(Protocol):
    """The part of a pruner that decides how weights regrow."""

    @property
    def every(self) -> int: ...

    @property
    def layers(self) -> Layers: ...

    def share(self, progress: Float[Array, ""]) -> Float[Array, ""]:
        """Return the share of a layer's weights that is replaced, by the progress of training."""
        ...
