"""The interface of a schedule: densities and training budgets, level by level."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.types import Level, StopRule

if TYPE_CHECKING:
    import optax


class AbstractSchedule(ABC):
    """Densities and training budgets, level by level, and the optimiser.

    An attribute that depends on a schedule's parameters is set on the instance, in `__post_init__`.
    """

    name: ClassVar[str]
    batch_size: int
    rewind_data: ClassVar[bool] = False
    """Whether each level reads the training data from its first batch again."""
    stop_rule: StopRule | None = None

    @abstractmethod
    def levels(self) -> tuple[Level, ...]:
        """Return the levels, densities falling. Called once for each trial."""

    @abstractmethod
    def optimizer(self) -> "optax.GradientTransformation":
        """Return the optimiser. Its state is carried through all levels."""

    def cautions(self) -> Sequence[str]:
        """Return sentences that a reader of results under this schedule should know first.

        Called once for each trial, after training. Reports show them at their top.
        """
        return ()
