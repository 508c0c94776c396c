"""The interface of a metric: it turns networks into numbers and describes them for reports."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.plugin.model import Model
from harness.plugin.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas as pd

    from harness.tables.parts import Headline, Section
    from harness.tables.report import Report
    from harness.tables.schema import Schema


class AbstractMetric(ABC):
    """Turns the networks of a trajectory into numbers, and says how reports use them."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """"weights" if the metric reads kept weights, "layered" if the graph that it reads must have
    layers, "digraph" if it must have none. What lacks it is skipped, with that reason."""
    view: str = ""
    """The name of the graph that it reads, a parameter of metrics that let one choose; empty: the
    architecture's default."""
    chooses_levels: ClassVar[bool] = False
    """Whether it measures only some levels, because each takes a long time."""
    example: ClassVar[str] = ""
    """A small task that it measures, as `name[field=value]`, on which it is checked; empty: it
    measures any."""

    def reason_not_to_measure(self, model: Model) -> str | None:
        """Return why it does not measure such networks and what it would measure, or None.

        Trials for which there is a reason are skipped, with the reason on record.
        """
        return None

    @abstractmethod
    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """Return a long table with the columns `level` and `network`, and those of `columns`.

        Called once for each finished trial.
        """

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, str]:
        """The meaning and unit of each column of the table, for the run's dictionary."""

    @property
    def schema(self) -> "Schema | None":
        """The roles of the columns in a report (`harness.report.Schema`).

        Reports compare, test and chart what it names. With None, columns of text are keys, and so
        are whole numbers if rows are not unique without them; all other numbers are compared.
        """
        return None

    def sections(self, report: "Report") -> "Sequence[Section] | None":
        """Return the metric's sections of a report, made with the pieces in `harness.report`.

        `report.data.table(name)` is its table over all runs, with the condition of each row and
        without diverged networks. A section with the anchor "answer" adds to the first section of
        the page. With None, the schema makes a section of charts and means.
        """
        return None

    def headline(self, table: "pd.DataFrame") -> "Headline | None":
        """Return what the terminal shows after a run, from the table of one condition."""
        return None
