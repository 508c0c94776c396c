"""Pruners of one task against each other: matched, ranked, on their fronts."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report.charts._base import RULE, band_and_line, colour, crosses, kept, shape

Contested = alt.LayerChart | alt.FacetChart


def matched_loss(table: pd.DataFrame, pruners: Sequence[str]) -> Contested:
    """Ratio of losses to the baseline's against effective density, with intervals.

    The table is that of `_matched.at_effective_density`, with its task.
    """
    title = "weights kept on a path from input to output, log scale"
    return _ratios(table, pruners, kept("target", title), "loss / loss of the baseline, log scale")


def matched_density(table: pd.DataFrame, pruners: Sequence[str]) -> Contested:
    """Ratio of the densities at which a loss is exceeded to the baseline's, with intervals.

    The table is that of `_matched.at_loss`, with its task.
    """
    x = alt.X(
        "target:Q",
        title="validation loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", grid=False, labelOverlap="greedy"),
    )
    return _ratios(table, pruners, x, "density / density of the baseline, log scale")


def _ratios(table: pd.DataFrame, pruners: Sequence[str], x: alt.X, title: str) -> Contested:
    y = alt.Y(
        "ratio:Q",
        title=title,
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("target:Q", title="at", format=".3~g"),
        alt.Tooltip("ratio:Q", format=".4~g"),
        alt.Tooltip("ratio_low:Q", title="interval from", format=".4~g"),
        alt.Tooltip("ratio_high:Q", title="to", format=".4~g"),
        alt.Tooltip("adjusted:Q", title="p, corrected", format=".3~g"),
        alt.Tooltip("n:Q", title="pairs"),
    ]
    one = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(1))
    ends = ("ratio_low", "ratio_high")
    chart = band_and_line(table, x, y, pruners, "pruner", tooltip, ends=ends, below=[one])
    return _by_task(chart, table)


def ranks(table: pd.DataFrame, pruners: Sequence[str]) -> Contested:
    """Mean rank by loss against density, with intervals; the table is that of `_ranks.ranks`."""
    y = alt.Y(
        "rank:Q",
        title="mean rank, 1 the lowest loss",
        scale=alt.Scale(reverse=True, zero=False, nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=5),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("rank:Q", title="mean rank", format=".3~g"),
        alt.Tooltip("low:Q", title="interval from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
        alt.Tooltip("best:Q", title="lowest loss in"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    chart = band_and_line(table, kept(), y, pruners, "pruner", tooltip, ends=("low", "high"))
    return _by_task(chart, table)


def loss_front(table: pd.DataFrame, pruners: Sequence[str]) -> Contested:
    """Median loss against density, with quartiles; ringed where nothing dominates.

    The table is that of `_fronts.loss_front`, with its task. Levels that are left out are crossed.
    """
    y = alt.Y(
        "median:Q",
        title="validation loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".6~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("median:Q", title="median loss", format=".4~g"),
        alt.Tooltip("lower:Q", title="lower quartile", format=".4~g"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    below = [_rings(kept(), y), crosses(kept(), y)]
    return _by_task(band_and_line(table, kept(), y, pruners, "pruner", tooltip, below=below), table)


def cost_front(table: pd.DataFrame, pruners: Sequence[str]) -> Contested:
    """Measured seconds against weights kept, both a network; ringed where nothing dominates.

    The table is that of `_fronts.cost_front`, with its task. Levels that are left out are crossed.
    """
    x = alt.X(
        "weights:Q",
        title="theoretical: weights kept of a network (median), log scale",
        scale=alt.Scale(type="log", reverse=True, nice=False, padding=6),
        axis=alt.Axis(format="~s", grid=False, labelOverlap="greedy"),
    )
    y = alt.Y(
        "seconds:Q",
        title="measured: seconds a network, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("weights:Q", title="weights", format=".4~s"),
        alt.Tooltip("seconds:Q", title="seconds a network", format=".4~g"),
        alt.Tooltip("loss:Q", title="median loss", format=".4~g"),
    ]
    pick = alt.selection_point(fields=["pruner"], bind="legend")
    strong = alt.condition(pick, alt.value(1.0), alt.value(0.12))
    base = alt.Chart().encode(x=x, y=y, color=colour(pruners, "pruner"), opacity=strong)
    line = base.mark_line(strokeWidth=1.75)
    points = base.mark_point(size=26, filled=True).encode(
        shape=shape(pruners, "pruner"), tooltip=tooltip
    )
    layers = [_rings(x, y), crosses(x, y), line, points.add_params(pick)]
    return _by_task(alt.LayerChart(data=table, layer=layers), table)


def _rings(x: alt.X, y: alt.Y) -> alt.Chart:
    """Rings around the points that are on the front."""
    ring = alt.Chart().transform_filter("datum.front")
    return ring.mark_point(size=150, filled=False, color=RULE, strokeWidth=1.5).encode(x=x, y=y)


def _by_task(chart: alt.LayerChart, table: pd.DataFrame) -> Contested:
    """A panel for each task, where there are several, with axes of their own."""
    tasks = list(dict.fromkeys(table["task"].astype(str)))
    if len(tasks) < 2:
        return chart
    header = alt.Header(title=None, labelLimit=230, labelAnchor="start")
    facet = alt.Facet("task:N", sort=tasks, header=header)
    panels = chart.properties(width=300, height=220).facet(facet=facet, columns=2, spacing=30)
    return panels.resolve_scale(x="independent", y="independent")
