"""Any schedule, with more prunings on the same path."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated, ClassVar

from annotated_types import Ge
from pydantic import InstanceOf

from harness import AbstractSchedule, Level, hookimpl

from ._wrapped import Wrapped
from .quick import Quick


@dataclass(frozen=True)
class Finer(Wrapped):
    """Another schedule with each level after the first reached in several prunings.

    Does a result depend on how coarse the levels are? The densities of the other schedule are among
    those of this one, and training is as long: the parts of a level share its steps.

    **Parameters:**

    - `of`: the schedule
    - `parts`: prunings for each of the other schedule; they take equal shares of what is left
    """

    name: ClassVar[str] = "finer"
    of: InstanceOf[AbstractSchedule] = field(default_factory=Quick)
    parts: Annotated[int, Ge(2)] = 2

    def levels(self) -> tuple[Level, ...]:
        """Return the other schedule's levels, each after the first in parts."""
        levels = self.of.levels()
        if any(level.by_leaf or level.snapshots for level in levels):
            raise ValueError(f"'{self.of.name}' names leaves or steps, which parts would not keep")
        made = [levels[0]]
        for before, level in pairwise(levels):
            ratio = level.density / before.density
            for part in range(1, self.parts):
                between = before.density * ratio ** (part / self.parts)
                made.append(
                    replace(level, density=round(between, 6), steps=self._steps(level, part))
                )
            made.append(replace(level, steps=self._steps(level, self.parts)))
        return tuple(made)

    def _steps(self, level: Level, part: int) -> int:
        """Return the steps of a part: their sum is that of the level."""
        if level.steps < self.parts:
            raise ValueError(f"{level.steps} steps are too few for {self.parts} parts of a level")
        return level.steps * part // self.parts - level.steps * (part - 1) // self.parts


@hookimpl
def register_schedules() -> list[type[Finer]]:
    """Offer the schedule to the harness."""
    return [Finer]
