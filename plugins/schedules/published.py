"""The schedule of Zahn, Daniel and Kutz (2024)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge, Gt

from harness import AbstractSchedule, Level, StopRule, hookimpl

if TYPE_CHECKING:
    import optax

STEPS = {
    0: 50_000, 15: 1_900, 25: 1_900, 35: 2_000, 45: 2_100, 55: 4_300, 65: 4_300, 75: 4_600,
    85: 7_800, 90: 7_600, 91: 4_600, 92: 4_500, 93: 2_200, 94: 2_000, 95: 2_000, 96: 2_000,
    97: 2_000, 98: 2_000,
}  # fmt: skip
"""Training steps by percent pruned, as recorded in the published runs: 107,800 in all."""


@dataclass(frozen=True)
class Published(AbstractSchedule):
    """The 18 levels and 107,800 steps of Zahn, Daniel and Kutz (2024).

    It uses Adam and reads the data from the first batch again at each level.

    **Parameters:**

    - `batch_size`: rows of a step
    - `learning_rate`: of Adam
    - `eps`: of Adam. The published loss is a mean over 400 networks, so that the published 1e-8
      acted on one network like 4e-6, the default here
    - `stop`: with "steps" each level takes the published number of steps; with "network" each
      network stops by the published rule on its own validation loss; with "published-stop" by the
      mean over networks, as published
    """

    name: ClassVar[str] = "published"
    rewind_data: ClassVar[bool] = True
    batch_size: Annotated[int, Ge(1)] = 128
    learning_rate: Annotated[float, Gt(0)] = 5e-4
    eps: Annotated[float, Gt(0)] = 4e-6
    stop: Literal["steps", "network", "published-stop"] = "steps"

    def __post_init__(self) -> None:
        if self.stop != "steps":
            rule = StopRule(scope="network" if self.stop == "network" else "ensemble")
            object.__setattr__(self, "stop_rule", rule)

    def levels(self) -> tuple[Level, ...]:
        """Return densities from 1 to 0.02, with the published steps."""
        return tuple(Level((100 - pruned) / 100, steps) for pruned, steps in STEPS.items())

    def optimizer(self) -> "optax.GradientTransformation":
        """Return Adam, its state carried through all levels."""
        import optax

        return optax.adam(self.learning_rate, eps=self.eps)


@hookimpl
def register_schedules() -> list[type[Published]]:
    """Offer the schedule to the harness."""
    return [Published]
