"""The published densities, under a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness import hookimpl

from ._budgeted import Budgeted

PRUNED = (15, 25, 35, 45, 55, 65, 75, 85, 90, 91, 92, 93, 94, 95, 96, 97, 98)
"""Percent of weights pruned, level by level."""


@dataclass(frozen=True)
class PublishedPath(Budgeted):
    """Prune to the densities of Zahn, Daniel and Kutz (2024), arXiv 2403.00974, in fewer steps.

    The path alone is theirs: levels are of equal length, and the optimiser is that of the schedules
    with a budget. It shows what the path does beside other paths of as many steps.
    """

    name: ClassVar[str] = "published-path"

    def path(self) -> Sequence[float]:
        """Return the published densities above the one asked for, then that one."""
        densities = ((100 - percent) / 100 for percent in PRUNED)
        return (*(one for one in densities if one > self.density), self.density)


@hookimpl
def register_schedules() -> list[type[PublishedPath]]:
    """Offer the schedule to the harness."""
    return [PublishedPath]
