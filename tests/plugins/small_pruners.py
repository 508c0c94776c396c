"""A one-file plugin for tests: a pruner for each moment at which a pruner may act."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge
from jaxtyping import PyTree

from harness import (
    AbstractPruner,
    Evidence,
    ScorePruner,
    Target,
    Update,
    hookimpl,
    leaf_map,
    prune_by_score,
)
from harness.types import Key, Masks, Scope, Weights, When


@dataclass(frozen=True)
class AtStart(ScorePruner):
    """Connection sensitivity before training."""

    name: ClassVar[str] = "at-start"
    when: ClassVar[When] = "init"
    scope: Scope = "global"

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        batch = jax.tree.map(lambda part: part[0], evidence.batches(1))
        gradients = jax.grad(evidence.loss)(evidence.effective, batch)
        return leaf_map(lambda w, g: jnp.abs(w * g), evidence.effective, gradients)


@dataclass(frozen=True)
class Moving(ScorePruner):
    """Sum of -w * g over the training of a level."""

    name: ClassVar[str] = "moving"
    when: ClassVar[When] = "level"

    def gather(self, weights: Weights, gradients: Weights, masks: Masks) -> Weights:
        return leaf_map(lambda w, g: -w * g, weights, gradients)

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        return evidence.gathered


@dataclass(frozen=True)
class Regrowing(AbstractPruner):
    """Drop the smallest weights, regrow at random, with fresh moments for what has regrown."""

    name: ClassVar[str] = "regrowing"
    when: ClassVar[When] = "during"
    regrows: ClassVar[bool] = True
    every: Annotated[int, Ge(1)] = 7

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        drop, grow = jax.random.split(key)
        fewer = target._replace(by_leaf={n: k * 7 // 10 for n, k in target.by_leaf.items()})
        size = leaf_map(jnp.abs, evidence.weights)
        kept = prune_by_score(size, evidence.mask, fewer, scope="layer", key=drop)
        lots = {name: jax.random.uniform(grow, mask.shape) for name, mask in kept.items()}
        first = leaf_map(lambda mask, lot: jnp.where(mask, 2.0, lot), kept, lots)
        mask = prune_by_score(first, evidence.prunable, target, scope="layer", key=drop)
        grown = leaf_map(lambda now, was: now & ~was, mask, evidence.mask)
        weights = leaf_map(lambda new, w: jnp.where(new, 0.0, w), grown, evidence.weights)
        return Update(mask, params=weights, reset_optimizer=grown), state


@dataclass(frozen=True)
class Rewinding(AbstractPruner):
    """Largest magnitudes, then back to the weights of the fifth step."""

    name: ClassVar[str] = "rewinding"
    when: ClassVar[When] = "level"
    rewind_step: Annotated[int, Ge(0)] = 5

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        size = leaf_map(jnp.abs, evidence.weights)
        mask = prune_by_score(size, evidence.mask, target, scope="layer", key=key)
        return Update(mask, rewind_to=evidence.rewind_point), state


@hookimpl
def register_pruners() -> list[type[AbstractPruner]]:
    """Offer the pruners to the harness."""
    return [AtStart, Moving, Regrowing, Rewinding]
