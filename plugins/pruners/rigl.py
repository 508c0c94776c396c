"""Sparse training that grows weights where the gradient is large."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge, Gt, Le, Lt
from jaxtyping import Array, Bool, Float

from harness import AbstractPruner, Evidence, Level, Target, Update, hookimpl, leaf_map
from harness.types import Key, Masks, When

from ._layer_densities import Layers
from ._regrowth import REGROWN, annealed, regrown, sparse_start, without_regrowth


@dataclass(frozen=True)
class RigL(AbstractPruner):
    """Train a sparse network from the start; weights move to where the gradient is largest.

    The absent weights of largest |dL/dw| replace the smallest weights of a layer and start from
    zero; their number falls along a cosine. Evci, Gale, Menick, Castro and Elsen (2020),
    Rigging the lottery: making all tickets winners, arXiv 1911.11134, algorithm 1.

    **Parameters:**

    - `every`: training steps between two regrowths
    - `fraction`: share of a layer's weights that is replaced at first
    - `until`: share of training after which the wiring stays
    - `batches`: of training data for the gradient
    - `layers`: how weights are divided between layers: "erk", "uniform", or densities
    """

    name: ClassVar[str] = "rigl"
    when: ClassVar[When] = "during"
    regrows: ClassVar[bool] = True
    restarts: ClassVar[bool] = True
    diagnostics: ClassVar[Mapping[str, str]] = REGROWN
    every: Annotated[int, Ge(1)] = 100
    fraction: Annotated[float, Gt(0), Lt(1)] = 0.3
    until: Annotated[float, Gt(0), Le(1)] = 0.75
    batches: Annotated[int, Ge(1)] = 1
    layers: Layers = "erk"

    def init(self, evidence: Evidence, *, key: Key) -> Bool[Array, ""]:
        """Return whether the sparse start has been made: not yet."""
        return jnp.asarray(False)

    def step(
        self, evidence: Evidence, target: Target, state: Bool[Array, ""], *, key: Key
    ) -> tuple[Update, Bool[Array, ""]]:
        """Make a sparse start first, then regrow each time."""
        start_key, tie_key = jax.random.split(key)
        start = sparse_start(evidence, target, self.layers, state, key=start_key)
        masked = evidence.effective
        slope = evidence.mean(
            lambda batch: evidence.gradient(masked, batch), evidence.batches(self.batches)
        )
        update = regrown(
            evidence,
            self.share(jnp.asarray(evidence.progress)),
            leaf_map(jnp.abs, slope),
            leaf_map(jnp.zeros_like, masked),
            start,
            state,
            key=tie_key,
        )
        return update, jnp.asarray(True)

    def share(self, progress: Float[Array, ""]) -> Float[Array, ""]:
        """Return the share of a layer's weights that is replaced, by the progress of training."""
        return annealed(self.fraction, progress, self.until)

    def cautions(
        self, levels: Sequence[Level], targets: Sequence[Target], prunable: Masks
    ) -> list[str]:
        """Return a sentence for each level at which nothing can regrow."""
        return without_regrowth(self, levels, targets, prunable)


@hookimpl
def register_pruners() -> list[type[RigL]]:
    """Offer the pruner to the harness."""
    return [RigL]
