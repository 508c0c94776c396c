"""Densities that fall by the same amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from harness import hookimpl

from ._budgeted import Budgeted


@dataclass(frozen=True)
class Linear(Budgeted):
    """Prune the same number of weights at each level.

    **Parameters:**

    - `rounds`: number of prunings
    """

    name: ClassVar[str] = "linear"
    rounds: Annotated[int, Ge(1)] = 8

    def path(self) -> Sequence[float]:
        """Return densities from 1 to that asked for in equal steps."""
        return tuple(
            round(1 - (1 - self.density) * number / self.rounds, 6)
            for number in range(1, self.rounds + 1)
        )


@hookimpl
def register_schedules() -> list[type[Linear]]:
    """Offer the schedule to the harness."""
    return [Linear]
