"""Keys, numbers, random scores and masks, leaf by leaf."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from harness import Target, leaf_map, prune_by_score
from harness.types import Key, Masks, Weights


def keys_of(like: Weights | Masks, key: Key) -> dict[str, Key]:
    """A key of its own for each leaf."""
    names = sorted(like)
    return dict(zip(names, jax.random.split(key, len(names)), strict=True))


def counted(masks: Masks) -> dict[str, Int[Array, ""]]:
    """How many weights each leaf keeps; traced, unlike `harness.sparse.masks.count`."""
    return leaf_map(lambda mask: jnp.sum(mask, dtype=jnp.int32), masks)


def randomly(like: Weights | Masks, key: Key) -> Weights:
    """Uniform random numbers of the shapes of some weights or masks."""
    keys = keys_of(like, key)
    return {name: jax.random.uniform(keys[name], like[name].shape) for name in keys}


def largest(scores: Weights, candidates: Masks, keep: Mapping[str, Array], key: Key) -> Masks:
    """Masks of the candidates of largest score, as many of each leaf as `keep` says."""
    target = Target(density=jnp.zeros(()), total=jnp.zeros((), jnp.int32), by_leaf=keep)
    return prune_by_score(scores, candidates, target, scope="layer", key=key)
