"""What the sections on pruners that compete have in common: columns, and what captions say."""

from collections.abc import Callable, Sequence

import pandas as pd

from harness.report import _units, charts
from harness.report._contests import Contest, by_task
from harness.report._summaries import nearest
from harness.report.pages.parts import Column, Figure, listed
from harness.report.sections._report import Report

SHOWN = (0.5, 0.15, 0.07, 0.02)
"""The levels that long tables show: the nearest to these; the data of the figures have all."""

PRUNER = Column("pruner", "pruner", "text")
KEPT = Column("density", "kept", "kept")
LEVEL = Column("level", "level")


def columns(report: Report, *own: Column) -> list[Column]:
    """The columns of a table, with the task where there are several."""
    task = [Column("task", "task", "text")] if len(report.contests) > 1 else []
    return [*task, *own]


def of_each(report: Report, summarised: Callable[[Contest], pd.DataFrame]) -> pd.DataFrame:
    """A summary of every contest in one table."""
    return by_task(report.contests, summarised)


def figure(
    report: Report,
    name: str,
    title: str,
    caption: str,
    chart: Callable[[pd.DataFrame, Sequence[str]], charts.Contested],
    table: pd.DataFrame,
) -> Figure:
    """A figure of pruners in the colours that they have in all these figures."""
    pruners = list(dict.fromkeys(label for c in report.contests for label in c.pruners))
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
    """The rows of a few densities."""
    parts = []
    for _, part in table.groupby("task", sort=False):
        densities = list(part["density"].unique())
        parts.append(part[part["density"].isin({nearest(densities, wanted) for wanted in SHOWN})])
    return pd.concat(parts, ignore_index=True)


def units(report: Report) -> str:
    """How many units the pruners of each task have in common, and what they are."""
    counts = list(dict.fromkeys(str(contest.n) for contest in report.contests))
    return f"n = {listed(counts)} {_units.said([contest.units for contest in report.contests])}"


def baselines(report: Report) -> str:
    """With which pruner others are compared."""
    return listed(list(dict.fromkeys(contest.baseline for contest in report.contests)))
