"""Try a metric's schema, sections and headline on its table, as a report would."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.plugin.metric import AbstractMetric
from harness.report.sections.of_metrics import sections_of_schema
from harness.tables.collection import collect
from harness.tables.parts import Figure, Headline, Section, Table
from harness.tables.report import Report
from harness.testing._finding import BrokenRuleError, expect

if TYPE_CHECKING:
    import pandas as pd


class _TinyRun:
    """A run of one measured trial."""

    path = Path("tiny")
    experiment: Any = None
    provenance: Any = None
    notes: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, metric: AbstractMetric, table: "pd.DataFrame") -> None:
        self._name, self._table = metric.name, table

    def trials(self) -> "pd.DataFrame":
        names = ["trial", "task", "architecture", "pruner", "schedule", "data_seed"]
        one = self._table[names].head(1)
        return one.assign(status="done", reason="", first_network=0, networks=1)

    def measurements(self) -> "pd.DataFrame":
        one = self._table[["trial"]].head(1)
        return one.assign(metric=self._name, status="done", reason="")

    def table(self, name: str) -> "pd.DataFrame":
        if name == self._name:
            return self._table
        levels = self._table[["trial", "network", "level", "density"]].drop_duplicates()
        levels = levels.assign(steps=1, train_loss=1.0, validation_loss=1.0, diverged=False)
        return levels if name == "levels" else levels.iloc[:0]

    def masks(self, trial: str, level: int, /) -> dict[str, Any]:
        return {}


def shows(metric: AbstractMetric, table: "pd.DataFrame") -> None:
    """Check that the schema fits the table, and that sections and headline can be made from it."""
    schema = metric.schema
    if schema is not None:
        faults = schema.faults([str(name) for name in table])
        expect(not faults, f"its schema does not fit its table: {'; '.join(faults)}.")
        twice = table[table.duplicated(["network", "level", *schema.keys], keep=False)]
        if len(twice):
            place = twice.iloc[0][["network", "level", *schema.keys]].to_dict()
            raise BrokenRuleError(
                f"{len(twice)} rows are not unique by the `keys` of its schema, such as those of "
                f"{place}: name every column that identifies the quantity in a row."
            )
    report = Report(collect([_TinyRun(metric, table)], {metric.name: metric}))
    try:
        sections = metric.sections(report)
        for section in sections_of_schema(report, metric.name) if sections is None else sections:
            expect(isinstance(section, Section), f"`sections` has {section!r}: give Sections.")
            _drawn(section)
        headline = metric.headline(table)
    except BrokenRuleError:
        raise
    except Exception as error:
        raise BrokenRuleError(f"its sections fail on a tiny table: {error!r}.") from error
    expect(
        headline is None or isinstance(headline, Headline),
        f"`headline` returns {headline!r}: return a `harness.report.Headline` or None.",
    )


def _drawn(section: Section) -> None:
    """Draw the section's parts as the page would."""
    for part in section.parts:
        if isinstance(part, Figure):
            part.chart.to_dict()
        elif isinstance(part, Table):
            part.texts  # noqa: B018
