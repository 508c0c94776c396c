"""A one-file plugin for tests: a schedule that keeps snapshots within its levels, or does not."""

from dataclasses import dataclass
from typing import ClassVar

from harness import Level, StopRule, hookimpl
from harness.testing import TinySchedule


@dataclass(frozen=True)
class Within(TinySchedule):
    """Three levels of few steps.

    **Parameters:**

    - `kept`: whether snapshots are kept
    - `stops`: whether every level ends at step 20
    """

    name: ClassVar[str] = "within"
    kept: bool = True
    stops: bool = False
    steps: int = 40

    @property
    def stop_rule(self) -> StopRule | None:  # type: ignore[override]
        rule = StopRule("network", every=10, after=20, window=10, ratio=float("inf"))
        return rule if self.stops else None

    def levels(self) -> tuple[Level, ...]:
        steps = ((5, 11), (0, 13, 40), ()) if self.kept else ((), (), ())
        densities = (1.0, 0.5, 0.25)
        return tuple(
            Level(density, self.steps, snapshots=at)
            for density, at in zip(densities, steps, strict=True)
        )


@hookimpl
def register_schedules() -> list[type[Within]]:
    """Offer the schedule to the harness."""
    return [Within]
