"""The interface of a metric: networks into numbers, and what the numbers say in a report."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.plugin.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas as pd

    from harness.tables.parts import Headline, Section
    from harness.tables.report import Report
    from harness.tables.schema import Schema


class AbstractMetric(ABC):
    """Turns the networks of a trajectory into numbers, and says what reports do with them."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """"weights" where the metric reads kept weights, "layered" where the graph that it reads must
    have layers, "digraph" where it must have none. What lacks it is skipped, with that reason."""
    view: str = ""
    """The name of the graph that it reads, a parameter of metrics that let one choose; empty: the
    architecture's default."""
    chooses_levels: ClassVar[bool] = False
    """Whether it measures only some levels, because each takes long."""

    @abstractmethod
    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """A long table with the columns `level` and `network`, and those of `columns`.

        Called once for each finished trial.
        """

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, str]:
        """What each column of the table means, with its unit, for the run's dictionary."""

    @property
    def schema(self) -> "Schema | None":
        """What the columns are for a report (`harness.report.Schema`).

        Reports compare, test and chart what it names. With None columns of text are keys, and whole
        numbers as far as rows cannot be told apart without them; all other numbers are compared.
        """
        return None

    def sections(self, report: "Report") -> "Sequence[Section] | None":
        """Make the sections that it adds to a report, of the pieces in `harness.report`.

        `report.data.table(name)` is its table over all runs, with the condition of each row and
        without diverged networks. A section named "answer" adds to the first of the page. With
        None there is a section of charts and means, made of the schema.
        """
        return None

    def headline(self, table: "pd.DataFrame") -> "Headline | None":
        """Return what the terminal shows after a run, of the table of one condition."""
        return None
