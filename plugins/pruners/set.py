"""Sparse evolutionary training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge, Gt, Lt
from jaxtyping import Array, Bool, Float

from harness import AbstractPruner, Evidence, Level, Target, Update, hookimpl
from harness.sparse.masks import leaf_keys, random_scores
from harness.types import Key, Masks, When

from ._layer_densities import Layers
from ._regrowth import REGROWN, regrown, sparse_start, without_regrowth


@dataclass(frozen=True)
class Set(AbstractPruner):
    """Train a sparse network from the start; at intervals random weights replace the smallest.

    New weights are normal, with the standard deviation of the layer's initial weights. Mocanu,
    Mocanu, Stone, Nguyen, Gibescu and Liotta (2018), Scalable training of artificial neural
    networks with adaptive sparse connectivity, doi:10.1038/s41467-018-04316-3, algorithm 1.

    **Parameters:**

    - `every`: training steps between two regrowths
    - `fraction`: share of a layer's weights that is replaced each time
    - `layers`: how weights are divided between layers: "erk", "uniform", or densities
    """

    name: ClassVar[str] = "set"
    when: ClassVar[When] = "during"
    regrows: ClassVar[bool] = True
    restarts: ClassVar[bool] = True
    diagnostics: ClassVar[Mapping[str, str]] = REGROWN
    every: Annotated[int, Ge(1)] = 150
    fraction: Annotated[float, Gt(0), Lt(1)] = 0.3
    layers: Layers = "erk"

    def init(self, evidence: Evidence, *, key: Key) -> Bool[Array, ""]:
        """Return whether the sparse start has been made: not yet."""
        return jnp.asarray(False)

    def step(
        self, evidence: Evidence, target: Target, state: Bool[Array, ""], *, key: Key
    ) -> tuple[Update, Bool[Array, ""]]:
        """Make a sparse start first, then regrow each time but at the end of training."""
        start_key, grow_key, value_key, tie_key = jax.random.split(key, 4)
        start = sparse_start(evidence, target, self.layers, state, key=start_key)
        draws = leaf_keys(evidence.weights, value_key)
        values = {
            name: jnp.std(w) * jax.random.normal(draws[name], w.shape)
            for name, w in evidence.initial_weights.items()
        }
        fraction = self.share(jnp.asarray(evidence.progress))
        growth = random_scores(evidence.weights, grow_key)
        update = regrown(evidence, fraction, growth, values, start, state, key=tie_key)
        return update, jnp.asarray(True)

    def share(self, progress: Float[Array, ""]) -> Float[Array, ""]:
        """Return the share of a layer's weights that is replaced, by the progress of training."""
        return jnp.where(progress < 1, self.fraction, 0.0)

    def cautions(
        self, levels: Sequence[Level], targets: Sequence[Target], prunable: Masks
    ) -> list[str]:
        """Return a sentence for each level at which nothing can regrow."""
        return without_regrowth(self, levels, targets, prunable)


@hookimpl
def register_pruners() -> list[type[Set]]:
    """Offer the pruner to the harness."""
    return [Set]
