"""Parts that the sections on pruners share: columns, figures, words of captions."""

from collections.abc import Callable, Sequence

import altair as alt
import pandas as pd

from harness.report.charts import band_and_line, lines, panels_of
from harness.report.pruner_comparison import PrunerComparison, by_task, comparisons_of
from harness.tables.parts import Column, Figure, listed
from harness.tables.report import Report
from harness.tables.summaries import nearest
from harness.tables.units import said

PrunerChart = alt.LayerChart | alt.FacetChart

SHOWN = (0.5, 0.15, 0.07, 0.02)
"""Long tables show the levels nearest to these; the data of the figures have all."""

PRUNER = Column("pruner", "pruner", "text")
KEPT = Column("density", "pruned", "kept")
LEVEL = Column("level", "level")


def columns(report: Report, *own: Column) -> list[Column]:
    """Return the columns of a table, with the task if there are several."""
    task = [Column("task", "task", "text")] if len(comparisons_of(report)) > 1 else []
    return [*task, *own]


def of_each(report: Report, summarised: Callable[[PrunerComparison], pd.DataFrame]) -> pd.DataFrame:
    """Summarise every comparison in one table."""
    return by_task(comparisons_of(report), summarised)


def figure(
    report: Report,
    name: str,
    title: str,
    caption: str,
    chart: Callable[[pd.DataFrame, Sequence[str]], PrunerChart],
    table: pd.DataFrame,
) -> Figure:
    """Make a figure in which pruners have the same colours as in the others."""
    pruners = list(dict.fromkeys(label for c in comparisons_of(report) for label in c.pruners))
    return Figure(
        name,
        title,
        caption,
        f"{title}; the data have the values.",
        chart(table, pruners),
        table,
        panel=300 if table["task"].nunique() > 1 else 0,
        longest=max(map(len, pruners)),
    )


def at_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a few densities, at the last level of each."""
    parts = []
    table = table[table["later"] == 0] if "later" in table else table
    for _, part in table.groupby("task", sort=False):
        densities = list(part["density"].unique())
        parts.append(part[part["density"].isin({nearest(densities, wanted) for wanted in SHOWN})])
    return pd.concat(parts, ignore_index=True)


def units(report: Report) -> str:
    """Say how many units the pruners of each task have in common, and what they are."""
    counts = list(dict.fromkeys(str(comparison.n) for comparison in comparisons_of(report)))
    units_of_each = [comparison.units for comparison in comparisons_of(report)]
    return f"n = {listed(counts)} {said(units_of_each)}"


def baselines(report: Report) -> str:
    """Name the pruners that others are compared with."""
    return listed(list(dict.fromkeys(comparison.baseline for comparison in comparisons_of(report))))


def lines_by_task(
    table: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    pruners: Sequence[str],
    tooltip: Sequence[alt.Tooltip],
    *,
    ends: tuple[str, str] = ("lower", "upper"),
    below: Sequence[alt.Chart] = (),
) -> PrunerChart:
    """Draw a line for each pruner; a panel for each task, if there are several, with own axes."""
    tasks = list(dict.fromkeys(table["task"].astype(str)))
    if len(tasks) < 2:
        return lines(table, x, y, pruners, "pruner", tooltip, ends=ends, below=below)
    chart = band_and_line(
        table, x, y, pruners, "pruner", tooltip, ends=ends, below=below, own_axes="task"
    )
    panels = panels_of(chart, tasks, "task", size=(300, 220), columns=2, spacing=30)
    return panels.resolve_scale(x="independent", y="independent")
