"""Ranks of pruners within each network: which holds the loss best, and how often."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness import stats
from harness.report.charts import PRUNED, kept
from harness.report.pruner_comparison import PrunerComparison
from harness.report.sections.pruner_parts import (
    KEPT,
    PRUNER,
    PrunerChart,
    at_levels,
    columns,
    figure,
    lines_by_task,
    of_each,
    units,
)
from harness.tables.collection import NETWORK
from harness.tables.parts import Column, Section, Table
from harness.tables.report import Report

_COLUMNS = ("pruner", "density", "later", "rank", "low", "high", "best", "networks", "n", "unit")


def ranks(comparison: PrunerComparison) -> pd.DataFrame:
    """Return each pruner's mean rank by validation loss at each level that all pruners have.

    Pruners are ranked within each network; 1 is the lowest loss, ties share their mean rank. A
    network without a loss under some pruner is left out. A pruner that does no better than a
    constant at a level is not ranked there. `low` and `high` are the ends of a 95 % interval of
    the mean rank over `n` units; `best` counts the `networks` in which the pruner has the lowest
    loss (each pruner of a tie). Density 1 is not ranked.
    """
    from scipy.stats import rankdata

    rows = []
    places = comparison.rows.groupby(["density", "later"])
    for density, later in comparison.levels:
        part = places.get_group((density, later))
        part = part[~part["left_out"]]
        wide = part.pivot(index=list(NETWORK), columns="pruner", values="loss")
        labels = [label for label in comparison.pruners if label in wide]
        losses = wide[labels].dropna()
        if density == 1 or not len(losses) or len(labels) < 2:
            continue
        values = losses.to_numpy(dtype=float)
        ranked = pd.DataFrame(rankdata(values, axis=1), index=losses.index, columns=labels)
        by_unit = comparison.units.averaged(ranked)
        best = values == values.min(axis=1, keepdims=True)
        for column, label in enumerate(labels):
            values_of = by_unit[label].to_numpy(dtype=float)
            interval = stats.mean_interval(values_of, bounds=(1.0, float(len(labels))))
            mean = (interval.value, interval.low, interval.high)
            counts = (int(best[:, column].sum()), len(losses), interval.n)
            made = (label, density, later, *mean, *counts, str(comparison.units))
            rows.append(dict(zip(_COLUMNS, made, strict=True)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def ranks_chart(table: pd.DataFrame, pruners: Sequence[str]) -> PrunerChart:
    """Mean rank by loss against density, with intervals; `table` is the result of `ranks`."""
    y = alt.Y(
        "rank:Q",
        title="mean rank, 1 the lowest loss",
        scale=alt.Scale(reverse=True, zero=False, nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=5),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        PRUNED,
        alt.Tooltip("rank:Q", title="mean rank", format=".3~g"),
        alt.Tooltip("low:Q", title="interval from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
        alt.Tooltip("best:Q", title="lowest loss in"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    return lines_by_task(table, kept(), y, pruners, tooltip, ends=("low", "high"))


def section(report: Report) -> Section:
    """Show how pruners rank within each network."""
    table = of_each(report, ranks)
    if table.empty:
        return Section("ranks", "Ranks of pruners")
    caption = (
        "Pruners ranked by validation loss within each network, equally pruned; 1 is the lowest "
        "loss, ties share their mean rank. Lines: mean over networks; bands: 95 % intervals "
        f"({units(report)}). A network that lacks a loss under any pruner is left out; a pruner is "
        "not ranked where it does no better than a constant."
    )
    own = (
        PRUNER,
        KEPT,
        Column("rank", "mean rank"),
        Column("low", "from", note="lower end of the 95 % interval"),
        Column("high", "to", note="upper end of the 95 % interval"),
        Column("best", "best in", note="networks in which it has the lowest loss; ties for each"),
        Column("networks", "of", note="networks"),
        Column("n", "n", note="units: what the interval is over"),
        Column("unit", "unit", "text"),
    )
    some = (
        "Mean ranks at some levels; the data of the figure have all. Ranks do not say how much "
        "better a pruner is. All levels use one set of networks: they are not independent."
    )
    return Section(
        "ranks",
        "Ranks of pruners",
        parts=[
            figure(report, "ranks", "Mean rank by % pruned", caption, ranks_chart, table),
            Table(
                "ranks_at_levels",
                some,
                at_levels(table),
                columns(report, *own),
                sortable=True,
            ),
        ],
    )
