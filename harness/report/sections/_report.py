"""What the sections share: the collected tables, and summaries made once."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from harness.report import _contests, _fairness, _pairs, _similarity, _summaries, _units, _wiring
from harness.report._contests import Contest
from harness.report._source import Collection

NOTHING = "Nothing has been measured for this yet."


@dataclass(frozen=True)
class Report:
    """The collected tables with the summaries that several sections share, each made once."""

    data: Collection

    @cached_property
    def density(self) -> float:
        """The level that tables show."""
        densities = self.data.densities
        return _summaries.nearest(densities, _summaries.CHOSEN_DENSITY) if densities else 1.0

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Loss by density."""
        return _summaries.loss_by_density(self.data)

    @cached_property
    def by_density(self) -> pd.DataFrame:
        """z and log2(count/expected) of every motif by density."""
        return _summaries.motif_by_density(self.data)

    @cached_property
    def significance(self) -> pd.DataFrame:
        """Motifs at the chosen level."""
        return _summaries.significance(self.data, self.density)

    @cached_property
    def similarity(self) -> pd.DataFrame:
        """How alike networks are, by density."""
        return _similarity.similarity(self.data)

    @cached_property
    def convergence(self) -> pd.DataFrame:
        """Whether networks are more alike than the controls made for them."""
        return _similarity.tests(self.data)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Paired differences between conditions at the chosen level."""
        return _pairs.comparisons(self.data, self.density)

    @cached_property
    def contests(self) -> list[Contest]:
        """The pruners of each task that has several."""
        return _contests.contests(self.data)

    @cached_property
    def fairness(self) -> pd.DataFrame:
        """Whether the comparison of pruners is a fair one, by task and criterion."""
        return _contests.by_task(
            self.contests, lambda contest: _fairness.checklist(contest, self.data)
        )

    @cached_property
    def degrees(self) -> pd.DataFrame:
        """Degree distributions at the chosen level."""
        return _wiring.degrees(self.data, self.density)

    @cached_property
    def motifs(self) -> list[str]:
        """Motif names in order."""
        return _summaries.motif_order(self.data.motifs)

    @property
    def longest(self) -> int:
        """The longest label of a condition, where a legend shows them."""
        return max(map(len, self.data.conditions), default=0)

    @property
    def networks(self) -> str:
        """How many networks there are in a condition, as captions say it."""
        found = _units.networks_of(self.data.levels)
        if found.empty:
            return "n = 0"
        each = " in each condition" if len(found) > 1 and found.nunique() == 1 else ""
        return f"n = {_units.range_of(found, 'network')}{each}"

    @property
    def units(self) -> str:
        """What intervals and tests count as one replicate, as captions say it."""
        return _units.said(list(_units.by_condition(self.data).values()))
