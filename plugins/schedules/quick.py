"""The default schedule: the published levels on a laptop within minutes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Gt

from harness import AbstractSchedule, Level, hookimpl

if TYPE_CHECKING:
    import optax

PRUNED = (0, 15, 25, 35, 45, 55, 65, 75, 85, 90, 91, 92, 93, 94, 95, 96, 97, 98)
"""Percent pruned at each level, those of Zahn, Daniel and Kutz (2024)."""


@dataclass(frozen=True)
class Quick(AbstractSchedule):
    """The 18 published levels in few steps, most of them at the first level, where all is dense."""

    name: ClassVar[str] = "quick"
    first_steps: Annotated[int, Ge(1)] = 2_500
    steps: Annotated[int, Ge(1)] = 250
    batch_size: Annotated[int, Ge(1)] = 128
    learning_rate: Annotated[float, Gt(0)] = 2e-3
    eps: Annotated[float, Gt(0)] = 1e-8

    def levels(self) -> tuple[Level, ...]:
        """Densities from 1 to 0.02."""
        return tuple(
            Level((100 - pruned) / 100, self.first_steps if pruned == 0 else self.steps)
            for pruned in PRUNED
        )

    def optimizer(self) -> "optax.GradientTransformation":
        """Adam, its state carried through all levels."""
        import optax

        return optax.adam(self.learning_rate, eps=self.eps)


@hookimpl
def register_schedules() -> list[type[Quick]]:
    """Offer the schedule to the harness."""
    return [Quick]
