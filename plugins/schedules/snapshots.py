"""Any schedule, with networks kept within its levels."""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge
from pydantic import InstanceOf

from harness import AbstractSchedule, Level, hookimpl

from ._wrapped import Wrapped
from .quick import Quick


@dataclass(frozen=True)
class Snapshots(Wrapped):
    """Another schedule whose masks and weights are kept within levels too, for time courses.

    Training is that of the other schedule. Metrics that read steps, such as `would-be-masks`, show
    when something happens.

    **Parameters:**

    - `of`: the schedule
    - `number`: of moments in each level, the first after its pruning
    - `spacing`: between the others, "even" or "log": then the ratio of their steps is constant
    """

    name: ClassVar[str] = "snapshots"
    of: InstanceOf[AbstractSchedule] = field(default_factory=Quick)
    number: Annotated[int, Ge(1)] = 4
    spacing: Literal["even", "log"] = "even"

    def levels(self) -> tuple[Level, ...]:
        """Return the other schedule's levels, with steps to keep."""
        return tuple(replace(level, snapshots=self._steps(level)) for level in self.of.levels())

    def _steps(self, level: Level) -> tuple[int, ...]:
        parts = range(1, self.number)
        even = {level.steps * part // self.number for part in parts}
        log = {round(level.steps ** (part / self.number)) for part in parts}
        steps = even if self.spacing == "even" else log
        return tuple(sorted({0} | steps | {*level.snapshots}))


@hookimpl
def register_schedules() -> list[type[Snapshots]]:
    """Offer the schedule to the harness."""
    return [Snapshots]
