"""Iterative magnitude pruning with rewinding."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import jax.numpy as jnp
from annotated_types import Ge

from harness import AbstractPruner, Evidence, Target, Update, hookimpl, leaf_map, prune_by_score
from harness.types import Key, Scope, When


@dataclass(frozen=True)
class Lottery(AbstractPruner):
    """Keep the weights of largest magnitude, and train them again from an early step.

    Frankle and Carbin (2019), The lottery ticket hypothesis, arXiv 1803.03635; rewinding to an
    early step instead of the first: Frankle, Dziugaite, Roy and Carbin (2020), arXiv 1912.05671.
    The optimiser's moments are reset, and the schedule goes on from the rewind step.

    **Parameters:**

    - `scope`: "layer", "output" or "global": within what weights compete
    - `rewind_step`: step of the first level whose weights each level goes back to; 0 for the
      initial weights
    - `retrain`: "level", the default: each level trains for the steps that the schedule gives it,
      so that the budget is that of other pruners; "full", as published: each level trains from the
      rewind step to the end of the first level's steps
    """

    name: ClassVar[str] = "lottery"
    when: ClassVar[When] = "level"
    scope: Scope = "layer"
    rewind_step: Annotated[int, Ge(0)] = 0
    retrain: Literal["level", "full"] = "level"

    def __post_init__(self) -> None:
        object.__setattr__(self, "retrains", self.retrain == "full")

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Keep the largest trained weights, then rewind all of them."""
        size = leaf_map(jnp.abs, evidence.weights)
        mask = prune_by_score(size, evidence.candidates, target, scope=self.scope, key=key)
        back = evidence.rewind_point if self.rewind_step else evidence.initial
        return Update(mask, rewind_to=back), state


@hookimpl
def register_pruners() -> list[type[Lottery]]:
    """Offer the pruner to the harness."""
    return [Lottery]
