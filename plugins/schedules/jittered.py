"""Any schedule, perturbed."""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Lt
from pydantic import InstanceOf

from harness import AbstractSchedule, Level, hookimpl

from ._wrapped import Wrapped
from .quick import Quick


@dataclass(frozen=True)
class Jittered(Wrapped):
    """Another schedule with its densities and steps moved at random: do results depend on them?

    The first and the last density stay, and so does the sum of the steps.

    **Parameters:**

    - `of`: the schedule that is perturbed
    - `amount`: largest move: of a density, as a share of half the logarithmic distance to its
      neighbours; of a number of steps, as a share of itself
    - `seed`: of the perturbation
    """

    name: ClassVar[str] = "jittered"
    of: InstanceOf[AbstractSchedule] = field(default_factory=Quick)
    amount: Annotated[float, Gt(0), Lt(1)] = 0.5
    seed: Annotated[int, Ge(0)] = 0

    def levels(self) -> tuple[Level, ...]:
        """Return the other schedule's levels, moved."""
        levels = self.of.levels()
        if any(level.by_leaf or level.snapshots for level in levels):
            raise ValueError(f"'{self.of.name}' names leaves or steps, which jitter would not move")
        rng = np.random.default_rng(self.seed)
        moves, shares = rng.uniform(-self.amount, self.amount, (2, len(levels)))
        logs = np.log([level.density for level in levels])
        gaps = np.diff(logs) / 2
        for number in range(1, len(levels) - 1):
            move = moves[number]
            logs[number] += abs(move) * (gaps[number] if move > 0 else -gaps[number - 1])
        steps = np.array([level.steps for level in levels])
        ends = np.cumsum(steps * (1 + shares))
        ends = np.rint(ends / ends[-1] * steps.sum()).astype(int)
        moved = np.maximum(np.diff(ends, prepend=0), 1)
        densities = [levels[0].density, *np.exp(logs[1:-1]).round(6), levels[-1].density]
        return tuple(
            replace(level, density=float(density), steps=int(number))
            for level, density, number in zip(levels, densities, moved, strict=True)
        )


@hookimpl
def register_schedules() -> list[type[Jittered]]:
    """Offer the schedule to the harness."""
    return [Jittered]
