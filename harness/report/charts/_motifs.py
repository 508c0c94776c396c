"""z, log2(count/expected) and their kin of every motif."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from harness.report._summaries import SUPPORTS
from harness.report.charts._base import (
    RULE,
    SHORT,
    band_and_line,
    colour,
    kept,
    panels_of,
    shape,
    tooltip_of,
)

_LARGE_Z = 80


def motifs(
    table: pd.DataFrame,
    conditions: Sequence[str],
    order: Sequence[str],
    *,
    statistic: str = "z",
) -> alt.FacetChart:
    """Mean z, or `statistic="log2_ratio"`, of every motif against density; band: quartiles.

    With one condition the colour is the support; with several it is the condition, and the table
    should hold one support.
    """
    several = len(conditions) > 1
    field, names = ("condition", conditions) if several else ("nodes", [*SUPPORTS])
    chosen = table[table["statistic"] == statistic].assign(nodes=table["support"])
    largest = chosen[["lower", "upper"]].abs().max().max()
    scale = alt.Scale(zero=True)
    axis = alt.Axis(format=".6~g", tickCount=5)
    if statistic == "z" and largest > _LARGE_Z:
        scale = alt.Scale(type="symlog", constant=4)
        steps = [10.0**power for power in range(1, 9) if 10.0**power < 3 * largest]
        axis = alt.Axis(labelExpr=SHORT, values=[*(-step for step in steps), 0, *steps])
    y = alt.Y("mean:Q", title=None, scale=scale, axis=axis)
    title = "mean z" if statistic == "z" else "mean log2(count/expected)"
    tooltip = tooltip_of(
        alt.Tooltip("motif:N"),
        alt.Tooltip("support:N", title="nodes"),
        alt.Tooltip("mean:Q", title=title, format=".3~f"),
        series="condition",
    )
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(0))
    chart = band_and_line(chosen, kept(title=""), y, names, field, tooltip, below=[zero])
    return panels_of(chart, order, "motif")


def significance(
    table: pd.DataFrame, conditions: Sequence[str], order: Sequence[str]
) -> alt.FacetChart | alt.LayerChart:
    """Mean z of every motif at one level, with its interval, on both supports; a panel a condition.

    The table is that of `_summaries.significance`.
    """
    motif = alt.Y("motif:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False))
    offset = alt.YOffset("support:N", sort=[*SUPPORTS], scale=alt.Scale(paddingOuter=0.35))
    hue = colour(SUPPORTS, "support", "nodes counted")
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("condition", "motif")),
        alt.Tooltip("support:N", title="nodes"),
        alt.Tooltip("z:Q", title="mean z", format=".2f"),
        alt.Tooltip("z_low:Q", title="interval from", format=".2f"),
        alt.Tooltip("z_high:Q", title="to", format=".2f"),
        alt.Tooltip("log2_ratio:Q", title="log2(count/expected)", format=".3f"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    base = alt.Chart().encode(y=motif, yOffset=offset, color=hue)
    axis: dict[str, Any] = {"title": "mean z over networks", "axis": alt.Axis(tickCount=6)}
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(
        x=alt.X("z_low:Q", **axis), x2="z_high:Q"
    )
    points = base.mark_point(filled=True, size=52, opacity=1).encode(
        x=alt.X("z:Q", **axis), shape=shape(SUPPORTS, "support", "nodes counted"), tooltip=tooltip
    )
    chart = alt.layer(zero, bars, points, data=table)
    if len(conditions) < 2:
        return chart.properties(height=390)
    header = alt.Header(title=None, labelLimit=300, labelAnchor="start")
    return chart.properties(width=290, height=340).facet(
        facet=alt.Facet("condition:N", sort=list(conditions), header=header), columns=3
    )
