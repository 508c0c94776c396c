"""A schedule through levels that were published, in no time."""

from dataclasses import dataclass
from typing import ClassVar

import optax

from harness import AbstractSchedule, Level, hookimpl


@dataclass(frozen=True)
class FewSteps(AbstractSchedule):
    """Ten steps at some of the published levels."""

    name: ClassVar[str] = "few-steps"
    batch_size: int = 32

    def levels(self) -> tuple[Level, ...]:
        """Dense, a little pruned, and to some that are compared with the published."""
        return tuple(Level(density, 10) for density in (1.0, 0.85, 0.25, 0.15, 0.08, 0.07))

    def optimizer(self) -> optax.GradientTransformation:
        """Adam, in long strides: pruned weights drift far enough to come back."""
        return optax.adam(1e-2)


@hookimpl
def register_schedules() -> list[type[FewSteps]]:
    """Offer the schedule to the harness."""
    return [FewSteps]
