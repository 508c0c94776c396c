"""Motifs at one level, which a slider picks."""

import json
from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report._levels import FEWER, MORE
from harness.report.charts._base import RULE, band_and_line, signed_cells


def slider(table: pd.DataFrame, first: int) -> tuple[alt.Parameter, alt.TitleParams]:
    """The number of the level shown, as a slider, and the title that says which level it is.

    The column `pruned` says it for each `step`. It is made of densities, never of names: it becomes
    part of an expression.
    """
    labels = _labels(table)
    bind = alt.binding_range(min=0, max=len(labels) - 1, step=1, name="level ")
    shown = alt.expr(f"{json.dumps(labels)}[level]")
    title = alt.TitleParams(
        text=shown, anchor="start", color="currentColor", fontSize=13, fontWeight="normal"
    )
    return alt.param(name="level", value=first, bind=bind), title


def _labels(table: pd.DataFrame) -> list[str]:
    return list(table.drop_duplicates("step").sort_values("step")["pruned"].astype(str))


def heatmap(
    table: pd.DataFrame, conditions: Sequence[str], order: Sequence[str], *, step: int = 0
) -> alt.LayerChart:
    """Mean z of every motif under every condition at a level; with one condition, at all levels.

    The table is that of `_levels.mean_z`. The hue says the sign, its strength the size, on one
    scale for all levels; the paper shows through, light or dark.
    """
    several = len(conditions) > 1
    labels = _labels(table)
    columns, field = (list(conditions), "condition") if several else (labels, "pruned")
    place = alt.Axis(labelAngle=-35, labelLimit=170, domain=False, ticks=False, grid=False)
    base = alt.Chart().encode(
        x=alt.X(f"{field}:N", sort=columns, title=None, axis=place),
        y=alt.Y("motif:N", sort=list(order), title=None, axis=alt.Axis(grid=False)),
    )
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("motif:N"),
        alt.Tooltip("pruned:N", title="level"),
        alt.Tooltip("mean:Q", title="mean z", format=".2f"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    largest = float(table["size"].max()) if len(table) else 1.0
    cells = signed_cells(base, largest, (MORE, FEWER), tooltip)
    chart = alt.LayerChart(data=table, layer=cells, height=24 * len(order))
    if not several:
        return chart
    level, title = slider(table, step)
    return chart.transform_filter("datum.step === level").properties(title=title).add_params(level)


def profile(
    table: pd.DataFrame, conditions: Sequence[str], axis: Sequence[str], *, step: int = 0
) -> alt.LayerChart:
    """Mean significance profile of each condition over motifs at a level; band: quartiles.

    The table is that of `_levels.profiles`, the axis that of `_levels.axis`.
    """
    level, title = slider(table, step)
    x = alt.X(
        "motif:N",
        sort=list(axis),
        title=None,
        scale=alt.Scale(type="point", padding=0.4, domain=list(axis)),
        axis=alt.Axis(labelAngle=-40, ticks=False, labelLimit=120),
    )
    y = alt.Y(
        "mean:Q",
        title="z / norm of z",
        scale=alt.Scale(domain=[-1, 1]),
        axis=alt.Axis(format=".1f", tickCount=5),
    )
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("motif:N"),
        alt.Tooltip("pruned:N", title="level"),
        alt.Tooltip("mean:Q", title="mean", format=".3f"),
        alt.Tooltip("lower:Q", title="lower quartile", format=".3f"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".3f"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(0))
    chart = band_and_line(table, x, y, conditions, "condition", tooltip, below=[zero])
    chart = chart.transform_filter("datum.step === level")
    return chart.properties(title=title, height=280).add_params(level)
