"""Any schedule, with the first and the last layer left alone."""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Gt, Le
from pydantic import InstanceOf

from harness import AbstractSchedule, Level, hookimpl
from harness.types import FIRST, LAST

from ._wrapped import Wrapped
from .geometric import Geometric


@dataclass(frozen=True)
class FrozenEnds(Wrapped):
    """Another schedule whose first and last layer are pruned no further than to a density.

    Does pruning of hidden layers need the ends? Hidden layers follow the other schedule; the
    density of a level is what follows from all layers. Zahn, Daniel and Kutz (2024), arXiv
    2403.00974, prune the ends like all layers.

    **Parameters:**

    - `of`: the schedule that hidden layers follow
    - `density`: of the first and the last layer at least; 1: they are never pruned
    - `trained`: whether the ends are trained after they have this density; else they are frozen to
      the last bit, biases too
    """

    name: ClassVar[str] = "frozen-ends"
    of: InstanceOf[AbstractSchedule] = field(default_factory=Geometric)
    density: Annotated[float, Gt(0), Le(1)] = 1.0
    trained: bool = False

    def levels(self) -> tuple[Level, ...]:
        """Return the other schedule's levels, with the ends named."""
        made, before = [], 1.0
        for number, level in enumerate(self.of.levels()):
            share = max(level.density, self.density)
            if number and not self.trained and share == before == self.density:
                made.append(replace(level, frozen=(*level.frozen, FIRST, LAST)))
            else:
                made.append(replace(level, by_leaf={**level.by_leaf, FIRST: share, LAST: share}))
            before = share
        return tuple(made)


@hookimpl
def register_schedules() -> list[type[FrozenEnds]]:
    """Offer the schedule to the harness."""
    return [FrozenEnds]
