"""A training budget divided over levels whose densities follow a rule."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt

from harness import AbstractSchedule, Level

if TYPE_CHECKING:
    import optax


@dataclass(frozen=True)
class Budgeted(AbstractSchedule):
    """Levels that share a budget: schedules differ only in their path of densities.

    The optimiser is Adam with Nesterov's momentum, decoupled weight decay in the first third of the
    dense level, and a larger learning rate from the first pruning on. The decay reaches low losses
    in few steps, but in another regime than the published one: it takes the initial weights out of
    saturation, and motif z-scores become several times as large. For motifs as published use
    `quick` or `published`, or set `early_weight_decay` to 0.

    **Parameters:**

    - `density`: of the last level
    - `steps`: of training in all
    - `dense_share`: share of the steps for the dense level; the others divide the rest evenly
    - `dense_learning_rate`: of the dense level
    - `learning_rate`: of the levels after it
    - `early_weight_decay`: in the first third of the dense level
    """

    density: Annotated[float, Gt(0), Lt(1)] = 0.05
    steps: Annotated[int, Ge(20)] = 7500
    dense_share: Annotated[float, Gt(0), Lt(1)] = 0.4
    batch_size: Annotated[int, Ge(1)] = 128
    dense_learning_rate: Annotated[float, Gt(0)] = 5e-4
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    early_weight_decay: Annotated[float, Ge(0)] = 1.0

    @abstractmethod
    def path(self) -> Sequence[float]:
        """Return the densities after the dense level, falling to `density`."""

    def levels(self) -> tuple[Level, ...]:
        """Return the dense level, then those of the path; their steps add up to the budget."""
        path = self.path()
        dense = round(self.dense_share * self.steps)
        each, more = divmod(self.steps - dense, len(path))
        if not each:
            raise ValueError(f"{self.steps} steps are too few for {len(path)} levels: give more")
        pruned = [Level(one, each + (number < more)) for number, one in enumerate(path)]
        return (Level(1.0, dense), *pruned)

    def optimizer(self) -> "optax.GradientTransformation":
        """Return Adam with decoupled early decay, its state carried through all levels."""
        from ._optimizer import early_decayed

        return early_decayed(
            self.levels()[0].steps,
            dense_rate=self.dense_learning_rate,
            rate=self.learning_rate,
            decay=self.early_weight_decay,
        )
