"""What is left of a network: edges and nodes by layer, degrees of its units."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from harness.report.charts._base import (
    RULE,
    SHORT,
    band_and_line,
    colour,
    kept,
    panels_of,
    tooltip_of,
)
from harness.report.charts._levels import slider


def layers(table: pd.DataFrame, conditions: Sequence[str], measure: str) -> alt.FacetChart:
    """Edges or live nodes of each layer against density; line: median, band: quartiles."""
    chosen = table[table["measure"] == measure]
    chosen = chosen.assign(layer=chosen["layer"].map(lambda layer: f"layer {layer}"))
    names = sorted(chosen["layer"].unique(), key=lambda name: int(name.split()[1]))
    tooltip = tooltip_of(
        alt.Tooltip("condition:N"),
        alt.Tooltip("median:Q", title=f"median {measure}", format=".4~g"),
        series="layer",
    )
    scale = alt.Scale(type="symlog", constant=1, domainMin=0, nice=False)
    ticks: list[float] = [0, *(10.0**power for power in range(8))]
    y = alt.Y("median:Q", title=None, scale=scale, axis=alt.Axis(values=ticks, labelExpr=SHORT))
    chart = band_and_line(chosen, kept(title=""), y, names, "layer", tooltip)
    return panels_of(chart, conditions, "condition")


def degrees(table: pd.DataFrame, conditions: Sequence[str]) -> alt.FacetChart:
    """Share of units with at least so many edges, by leaf and side; dashed: uniform placement.

    The table is that of `_wiring.degrees`. Line: mean over networks, band: quartiles.
    """
    panel = table["leaf"].astype(str) + ", " + table["side"].astype(str) + " a unit"
    x = alt.X("degree:Q", title="", axis=alt.Axis(tickCount=5, tickMinStep=1))
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="~%", tickCount=4)
    y = alt.Y("mean:Q", title=None, scale=scale, axis=axis)
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("panel:N", title="edges"),
        alt.Tooltip("degree:Q", title="at least"),
        alt.Tooltip("mean:Q", title="mean share of units", format=".3~%"),
        alt.Tooltip("lower:Q", title="lower quartile", format=".3~%"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".3~%"),
        alt.Tooltip("expected:Q", title="uniform placement", format=".3~%"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    reference = alt.Chart().mark_line(strokeDash=[4, 3], strokeWidth=1.25, opacity=0.8)
    expected = alt.Y("expected:Q", title=None, scale=scale, axis=axis)
    uniform = reference.encode(x=x, y=expected, color=colour(conditions))
    chart = band_and_line(
        table.assign(panel=panel), x, y, conditions, "condition", tooltip, below=[uniform]
    )
    panels = panels_of(chart, list(dict.fromkeys(panel)), "panel").resolve_scale(x="independent")
    return panels.properties(bounds="flush", spacing=alt.RowColnumber(row=58, column=30))


def masks(table: pd.DataFrame, conditions: Sequence[str], *, step: int = 0) -> alt.LayerChart:
    """Pictures of one network's masks: a row a condition, a column a leaf, a slider for the level.

    The table is that of `_pictures.pictures`.
    """
    level, title = slider(table, step)
    leaves = list(dict.fromkeys(table["leaf"].astype(str)))
    axis = alt.Axis(domain=False, ticks=False, labelAngle=0, labelLimit=150)
    place: dict[str, Any] = {"title": None, "axis": axis}
    scale = alt.Scale(type="band", paddingInner=0.06, paddingOuter=0)
    base = alt.Chart().encode(
        x=alt.X("leaf:N", sort=leaves, scale=scale, **place),
        y=alt.Y("condition:N", sort=list(conditions), scale=scale, **place),
        tooltip=[
            alt.Tooltip("condition:N"),
            alt.Tooltip("leaf:N"),
            alt.Tooltip("kept:Q", title="edges"),
            alt.Tooltip("pruned:N", title="level"),
        ],
    )
    # A picture fills its cell, whatever its shape and the width of the page.
    filled: dict[str, Any] = {
        "width": alt.expr("bandwidth('x')"),
        "height": alt.expr("bandwidth('y')"),
    }
    pictures = base.mark_image(aspect=False, **filled).encode(url="image:N")
    frames = base.mark_rect(filled=False, stroke=RULE, strokeWidth=0.6)
    chart = alt.LayerChart(data=table, layer=[pictures, frames], height=170 * len(conditions))
    return chart.transform_filter("datum.step === level").properties(title=title).add_params(level)
