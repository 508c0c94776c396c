"""The default schedule: the published levels on a laptop within minutes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Gt

from harness import AbstractSchedule, Level, hookimpl

if TYPE_CHECKING:
    import optax

STEPS = {
    0: 3_000, 15: 60, 25: 60, 35: 60, 45: 60, 55: 60, 65: 150, 75: 700,
    85: 2_000, 90: 500, 91: 150, 92: 150, 93: 300, 94: 60, 95: 60, 96: 60, 97: 60, 98: 60,
}  # fmt: skip
"""Training steps by percent pruned. Most go to the dense level, and to 85 %, where loss is lost."""


@dataclass(frozen=True)
class Quick(AbstractSchedule):
    """The 18 published levels in 7,550 steps, most of them at the first level, where all is dense.

    Not the published protocol: the initial weights of Zahn et al. saturate their tanh, and at their
    pace a dense network needs some ten thousand steps. Here Adam has Nesterov's momentum, and
    weights decay during the first third of the dense level, which brings them out of saturation;
    from the first pruning on the learning rate is larger and nothing decays. What training did
    then weighs more against where weights began, and motif z-scores come out about two to three
    times those of the published protocol.

    **Parameters:**

    - `effort`: multiplies the steps of every level
    - `batch_size`: rows of a step
    - `dense_learning_rate`: of the first level
    - `learning_rate`: of all others
    - `early_weight_decay`: during the first third of the first level; per step, times the rate
    - `eps`: of Adam
    """

    name: ClassVar[str] = "quick"
    effort: Annotated[float, Gt(0)] = 1.0
    batch_size: Annotated[int, Ge(1)] = 128
    dense_learning_rate: Annotated[float, Gt(0)] = 5e-4
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    early_weight_decay: Annotated[float, Ge(0)] = 1.0
    eps: Annotated[float, Gt(0)] = 1e-8

    def levels(self) -> tuple[Level, ...]:
        """Densities from 1 to 0.02, those of Zahn, Daniel and Kutz (2024)."""
        return tuple(
            Level((100 - pruned) / 100, max(1, round(self.effort * steps)))
            for pruned, steps in STEPS.items()
        )

    def optimizer(self) -> "optax.GradientTransformation":
        """Adam with decoupled early decay, its state carried through all levels."""
        from ._optimizer import early_decayed

        return early_decayed(
            self.levels()[0].steps,
            dense_rate=self.dense_learning_rate,
            rate=self.learning_rate,
            decay=self.early_weight_decay,
            eps=self.eps,
        )


@hookimpl
def register_schedules() -> list[type[Quick]]:
    """Offer the schedule to the harness."""
    return [Quick]
