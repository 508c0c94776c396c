"""Densities that fall by the same factor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Gt, Lt

from harness import hookimpl

from ._budgeted import Budgeted


@dataclass(frozen=True)
class Geometric(Budgeted):
    """Prune the same share of the remaining weights at each level, 20 % by default.

    Frankle and Carbin (2019), The lottery ticket hypothesis, arXiv 1803.03635.

    **Parameters:**

    - `share`: share of the remaining weights pruned at each level; the last may prune less
    """

    name: ClassVar[str] = "geometric"
    share: Annotated[float, Gt(0), Lt(1)] = 0.2

    def path(self) -> Sequence[float]:
        """Return powers of 1 - share down to the density asked for."""
        rounds = math.ceil(math.log(self.density) / math.log(1 - self.share) - 1e-9)
        powers = [round((1 - self.share) ** number, 6) for number in range(1, rounds)]
        return (*powers, self.density)


@hookimpl
def register_schedules() -> list[type[Geometric]]:
    """Offer the schedule to the harness."""
    return [Geometric]
