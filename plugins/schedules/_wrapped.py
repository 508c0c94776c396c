"""Another schedule with its levels changed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import InstanceOf

from harness import AbstractSchedule

if TYPE_CHECKING:
    import optax


@dataclass(frozen=True)
class Wrapped(AbstractSchedule):
    """Everything but the levels is that of the schedule `of`."""

    of: InstanceOf[AbstractSchedule]

    def __post_init__(self) -> None:
        for name in ("batch_size", "rewind_data", "stop_rule"):
            object.__setattr__(self, name, getattr(self.of, name))

    def optimizer(self) -> "optax.GradientTransformation":
        """Return the other schedule's optimiser."""
        return self.of.optimizer()
