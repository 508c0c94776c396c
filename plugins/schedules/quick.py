"""The default schedule: the published levels on a laptop within minutes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Gt

from harness import AbstractSchedule, Level, hookimpl

if TYPE_CHECKING:
    import optax

STEPS = {
    0: 6_000, 15: 60, 25: 60, 35: 60, 45: 60, 55: 60, 65: 100, 75: 600,
    85: 2_200, 90: 400, 91: 150, 92: 150, 93: 250, 94: 60, 95: 60, 96: 60, 97: 60, 98: 60,
}  # fmt: skip
"""Training steps by percent pruned. Most go to the dense level, and to 85 %, where loss is lost."""


@dataclass(frozen=True)
class Quick(AbstractSchedule):
    """The 18 published levels in 10,450 steps, most of them at the first level, where all is dense.

    Adam with one learning rate for the dense level and a larger one after it, where nodes have
    fewer inputs and gradients are smaller. `effort` multiplies the steps of every level.
    """

    name: ClassVar[str] = "quick"
    effort: Annotated[float, Gt(0)] = 1.0
    batch_size: Annotated[int, Ge(1)] = 128
    dense_learning_rate: Annotated[float, Gt(0)] = 5e-4
    learning_rate: Annotated[float, Gt(0)] = 1.5e-3
    eps: Annotated[float, Gt(0)] = 1e-8

    def levels(self) -> tuple[Level, ...]:
        """Densities from 1 to 0.02, those of Zahn, Daniel and Kutz (2024)."""
        return tuple(
            Level((100 - pruned) / 100, max(1, round(self.effort * steps)))
            for pruned, steps in STEPS.items()
        )

    def optimizer(self) -> "optax.GradientTransformation":
        """Adam, its state carried through all levels. Its memory of squares is 100 steps."""
        import optax

        dense = self.levels()[0].steps
        rate = optax.piecewise_constant_schedule(
            self.dense_learning_rate, {dense: self.learning_rate / self.dense_learning_rate}
        )
        return optax.adam(rate, b2=0.99, eps=self.eps)


@hookimpl
def register_schedules() -> list[type[Quick]]:
    """Offer the schedule to the harness."""
    return [Quick]
