"""Sparse training: a random sparse start, then weights dropped and others grown in their place."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from harness import Evidence, Target, Update, leaf_map, prune_by_score
from harness.types import Key, Masks, Weights

from ._layer_densities import Layers, divided


def sparse_start(evidence: Evidence, target: Target, layers: Layers, *, key: Key) -> Masks:
    """Random masks with the target's weights, divided between the layers."""
    divide_key, draw_key, tie_key = jax.random.split(key, 3)
    target = divided(target, layers, evidence.prunable, key=divide_key)
    lots = randomly(evidence.weights, draw_key)
    return prune_by_score(lots, evidence.prunable, target, scope="layer", key=tie_key)


def randomly(like: Weights | Masks, key: Key) -> Weights:
    """Uniform random numbers of the shapes of some weights or masks."""
    names = sorted(like)
    keys = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    return {name: jax.random.uniform(keys[name], like[name].shape) for name in names}


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
    """In each layer the smallest weights go and as many of largest growth score come.

    **Arguments:** `fraction` of a layer's weights, rounded down; `growth` scores of weights that
    are not there, dropped ones included; `values` that those start with which were not there
    before; their optimiser state starts again. Until training has `started` the masks are `start`
    and all weights keep their values.
    """
    drop_key, grow_key = jax.random.split(key)
    kept = leaf_map(lambda mask: jnp.sum(mask, dtype=jnp.int32), evidence.mask)
    dropped = leaf_map(lambda n: (fraction * n).astype(jnp.int32), kept)
    sizes = leaf_map(jnp.abs, evidence.weights)
    stays = drawn(sizes, evidence.mask, leaf_map(jnp.subtract, kept, dropped), drop_key)
    free = leaf_map(lambda may, mask: may & ~mask, evidence.prunable, stays)
    mask = leaf_map(jnp.logical_or, stays, drawn(growth, free, dropped, grow_key))
    mask = leaf_map(lambda now, first: jnp.where(started, now, first), mask, start)
    new = leaf_map(lambda now, before: now & ~before, mask, evidence.mask)
    weights = leaf_map(jnp.where, new, values, evidence.weights)
    return Update(mask, params=weights, reset_optimizer=new)


def drawn(scores: Weights, candidates: Masks, keep: Mapping[str, Array], key: Key) -> Masks:
    """Masks of the candidates of largest score, as many of each leaf as `keep` says."""
    target = Target(density=jnp.zeros(()), total=jnp.zeros((), jnp.int32), by_leaf=keep)
    return prune_by_score(scores, candidates, target, scope="layer", key=key)


def annealed(fraction: float, progress: Float[Array, ""], until: float) -> Float[Array, ""]:
    """A fraction that falls to nothing along half a cosine, and stays there from `until` on."""
    return fraction / 2 * (1 + jnp.cos(jnp.pi * jnp.minimum(progress / until, 1.0)))
