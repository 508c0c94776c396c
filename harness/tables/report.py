"""The collected tables as sections see them, with summaries that are made once."""

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
    """The collected tables, and summaries that several sections use.

    `made` holds summaries of topics that other sections show too (see `shared`).
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
        """The length of the longest label of a condition, for legends."""
        return max(map(len, self.data.conditions), default=0)

    @property
    def networks(self) -> str:
        """The number of networks in a condition, for captions."""
        counts = units.networks_of(self.data.levels)
        if counts.empty:
            return "n = 0"
        each = " in each condition" if len(counts) > 1 and counts.nunique() == 1 else ""
        return f"n = {units.range_of(counts, 'network')}{each}"

    @property
    def units(self) -> str:
        """The units of intervals and tests, for captions."""
        return units.said(list(units.by_condition(self.data).values()))


def shared(summary: Callable[[Report], _Made]) -> Callable[[Report], _Made]:
    """Make a topic's summary once for each report, when a section first asks for it."""

    @wraps(summary)
    def once(report: Report) -> _Made:
        if summary not in report.made:
            report.made[summary] = summary(report)
        made: _Made = report.made[summary]
        return made

    return once
