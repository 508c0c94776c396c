"""The report as its sections see it: the collected tables, and summaries made once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

from harness.tables import summaries, units
from harness.tables.collection import Collection

_Made = TypeVar("_Made")
NOTHING = "Nothing has been measured for this yet."


@dataclass(frozen=True)
class Report:
    """The collected tables, and what several sections say of them, each made once.

    `made` holds the summaries of single topics that other sections show too (see `shared`).
    """

    data: Collection
    made: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def density(self) -> float:
        """The level that tables show."""
        densities = self.data.densities
        return summaries.nearest(densities, summaries.CHOSEN_DENSITY) if densities else 1.0

    @property
    def longest(self) -> int:
        """The longest label of a condition, where a legend shows them."""
        return max(map(len, self.data.conditions), default=0)

    @property
    def networks(self) -> str:
        """The number of networks in a condition, as captions say it."""
        found = units.networks_of(self.data.levels)
        if found.empty:
            return "n = 0"
        each = " in each condition" if len(found) > 1 and found.nunique() == 1 else ""
        return f"n = {units.range_of(found, 'network')}{each}"

    @property
    def units(self) -> str:
        """The units that intervals and tests are over, as captions say them."""
        return units.said(list(units.by_condition(self.data).values()))


def shared(summary: Callable[[Report], _Made]) -> Callable[[Report], _Made]:
    """Make a topic's summary once for each report, whichever section asks for it first."""

    @wraps(summary)
    def once(report: Report) -> _Made:
        if summary not in report.made:
            report.made[summary] = summary(report)
        made: _Made = report.made[summary]
        return made

    return once
