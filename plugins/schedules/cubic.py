"""Densities along a cubic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from harness import hookimpl

from ._budgeted import Budgeted


@dataclass(frozen=True)
class Cubic(Budgeted):
    """Prune many weights at first, and fewer at each later level.

    The sparsities of Zhu and Gupta (2017), arXiv 1710.01878, eq. 1, one a level.

    **Parameters:**

    - `rounds`: number of prunings
    """

    name: ClassVar[str] = "cubic"
    rounds: Annotated[int, Ge(1)] = 8

    def path(self) -> Sequence[float]:
        """Return densities along s(t) = s1 - s1 (1 - t)³ of the sparsity s."""
        left = [1 - number / self.rounds for number in range(1, self.rounds + 1)]
        return tuple(round(self.density + (1 - self.density) * one**3, 6) for one in left)


@hookimpl
def register_schedules() -> list[type[Cubic]]:
    """Offer the schedule to the harness."""
    return [Cubic]
