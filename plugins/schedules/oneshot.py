"""One pruning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness import hookimpl

from ._budgeted import Budgeted


@dataclass(frozen=True)
class OneShot(Budgeted):
    """Train the dense network, prune once, train again.

    Han, Pool, Tran and Dally (2015), arXiv 1506.02626. Several densities are several schedules:
    `oneshot[density=0.5|0.2|0.1]`.
    """

    name: ClassVar[str] = "oneshot"

    def path(self) -> Sequence[float]:
        """Return the density asked for."""
        return (self.density,)


@hookimpl
def register_schedules() -> list[type[OneShot]]:
    """Offer the schedule to the harness."""
    return [OneShot]
