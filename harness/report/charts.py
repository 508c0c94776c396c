"""The figures, as Altair charts of aggregated tables: for the report, notebooks, SVG and PDF.

Each takes a table of `harness.report._summaries` or `_similarity` and returns a chart. Colours and
symbols are fixed by the order of the conditions. Names are data, never field names or expressions.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from harness.report._summaries import SUPPORTS

SERIES = ("#0a6ebd", "#c8500a", "#0b7a5b", "#a4418f", "#8a6a00", "#5a4fcf", "#b3263e", "#4d6470")
"""Colours of conditions: told apart in all common forms of colour blindness, on white at 4:1."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
RULE = "#8c8c8c"

_DENSITIES = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
_LARGE_Z = 80
_SHORT = "format(datum.value, '~s')"


def kept(field: str = "density", title: str = "weights kept, log scale") -> alt.X:
    """The axis of density: logarithmic, dense on the left."""
    return alt.X(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type="log", reverse=True, nice=False, padding=6),
        axis=alt.Axis(values=_DENSITIES, format="~%", grid=False, labelOverlap="greedy"),
    )


def _legend(names: Sequence[str], title: str | None) -> alt.Legend | None:
    """The same for colour and symbol, so that they share one legend; none for a single name."""
    if len(names) < 2:
        return None
    return alt.Legend(title=title, orient="top", labelLimit=420, symbolOpacity=1, symbolSize=70)


def _colour(names: Sequence[str], field: str = "condition", title: str | None = None) -> alt.Color:
    colours = [SERIES[i % len(SERIES)] for i in range(len(names))]
    scale = alt.Scale(domain=list(names), range=colours)
    return alt.Color(f"{field}:N", scale=scale, title=title, legend=_legend(names, title))


def _shape(names: Sequence[str], field: str = "condition", title: str | None = None) -> alt.Shape:
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(names))]
    scale = alt.Scale(domain=list(names), range=shapes)
    return alt.Shape(f"{field}:N", scale=scale, title=title, legend=_legend(names, title))


def _band_and_line(
    table: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    names: Sequence[str],
    field: str,
    tooltip: Sequence[alt.Tooltip],
    *,
    ends: tuple[str, str] = ("lower", "upper"),
    below: Sequence[alt.Chart] = (),
) -> alt.LayerChart:
    """A line with symbols over the band between two columns; the legend picks what to see."""
    pick = alt.selection_point(fields=[field], bind="legend")
    base = alt.Chart().encode(x=x, color=_colour(names, field))
    faint = alt.condition(pick, alt.value(0.18), alt.value(0.02))
    strong = alt.condition(pick, alt.value(1.0), alt.value(0.12))
    low = y.copy()
    low.shorthand = f"{ends[0]}:Q"
    band = base.mark_area(clip=True).encode(y=low, y2=alt.Y2(f"{ends[1]}:Q"), opacity=faint)
    line = base.mark_line(strokeWidth=1.75, clip=True).encode(y=y, opacity=strong)
    points = base.mark_point(size=26, filled=True).encode(
        y=y, opacity=strong, shape=_shape(names, field), tooltip=list(tooltip)
    )
    return alt.LayerChart(data=table, layer=[*below, band, line, points.add_params(pick)])


def _tooltip(*extra: alt.Tooltip, series: str = "condition") -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{series}:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        *extra,
        alt.Tooltip("lower:Q", title="lower quartile", format=".4~g"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]


def loss(
    table: pd.DataFrame, conditions: Sequence[str], *, against: str = "density"
) -> alt.LayerChart:
    """Median loss against density or `against="effective_density"`; band: quartiles."""
    title = "weights kept, log scale"
    if against == "effective_density":
        title = "weights kept on a path from input to output (median), log scale"
        table = table[table[against] > 0]
    y = alt.Y(
        "median:Q",
        title="loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".6~g", tickCount=6),
    )
    tooltip = _tooltip(alt.Tooltip("median:Q", title="median loss", format=".4~g"))
    return _band_and_line(table, kept(against, title), y, conditions, "condition", tooltip)


def evaluations(table: pd.DataFrame, conditions: Sequence[str]) -> alt.FacetChart:
    """Every figure of merit against density, a panel each; line: median, band: quartiles."""
    units = table["unit"].astype(str)
    panel = table["measure"].astype(str) + units.map(lambda unit: f" ({unit})" * (unit != "1"))
    tooltip = _tooltip(
        alt.Tooltip("panel:N", title="measure"),
        alt.Tooltip("median:Q", format=".4~g"),
    )
    y = alt.Y(
        "median:Q",
        title=None,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=".6~g", tickCount=5),
    )
    chart = _band_and_line(
        table.assign(panel=panel), kept(title=""), y, conditions, "condition", tooltip
    )
    panels = _panels(chart, list(dict.fromkeys(panel)), "panel").resolve_scale(y="independent")
    # Each panel has its own axis: flush, or labels of other lengths would move the panels.
    return panels.properties(bounds="flush", spacing=alt.RowColnumber(row=62, column=58))


def _panels(chart: alt.LayerChart, names: Sequence[str], field: str) -> alt.FacetChart:
    header = alt.Header(title=None, labelLimit=230, labelAnchor="start")
    facet = alt.Facet(f"{field}:N", sort=list(names), header=header)
    panels = chart.properties(width=200, height=130).facet(facet=facet, columns=4, spacing=18)
    return panels.resolve_axis(x="independent")


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
        axis = alt.Axis(labelExpr=_SHORT, values=[*(-step for step in steps), 0, *steps])
    y = alt.Y("mean:Q", title=None, scale=scale, axis=axis)
    title = "mean z" if statistic == "z" else "mean log2(count/expected)"
    tooltip = _tooltip(
        alt.Tooltip("motif:N"),
        alt.Tooltip("support:N", title="nodes"),
        alt.Tooltip("mean:Q", title=title, format=".3~f"),
        series="condition",
    )
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(0))
    chart = _band_and_line(chosen, kept(title=""), y, names, field, tooltip, below=[zero])
    return _panels(chart, order, "motif")


def significance(
    table: pd.DataFrame, conditions: Sequence[str], order: Sequence[str]
) -> alt.FacetChart | alt.LayerChart:
    """Mean z of every motif at one level, with its interval, on both supports; a panel a condition.

    The table is that of `_summaries.significance`.
    """
    motif = alt.Y("motif:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False))
    offset = alt.YOffset("support:N", sort=[*SUPPORTS], scale=alt.Scale(paddingOuter=0.35))
    colour = _colour(SUPPORTS, "support", "nodes counted")
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("condition", "motif")),
        alt.Tooltip("support:N", title="nodes"),
        alt.Tooltip("z:Q", title="mean z", format=".2f"),
        alt.Tooltip("z_low:Q", title="interval from", format=".2f"),
        alt.Tooltip("z_high:Q", title="to", format=".2f"),
        alt.Tooltip("log2_ratio:Q", title="log2(count/expected)", format=".3f"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    base = alt.Chart().encode(y=motif, yOffset=offset, color=colour)
    axis: dict[str, Any] = {"title": "mean z over networks", "axis": alt.Axis(tickCount=6)}
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(
        x=alt.X("z_low:Q", **axis), x2="z_high:Q"
    )
    points = base.mark_point(filled=True, size=52, opacity=1).encode(
        x=alt.X("z:Q", **axis), shape=_shape(SUPPORTS, "support", "nodes counted"), tooltip=tooltip
    )
    chart = alt.layer(zero, bars, points, data=table)
    if len(conditions) < 2:
        return chart.properties(height=390)
    header = alt.Header(title=None, labelLimit=300, labelAnchor="start")
    return chart.properties(width=290, height=340).facet(
        facet=alt.Facet("condition:N", sort=list(conditions), header=header), columns=3
    )


def similarity(table: pd.DataFrame, comparisons: Sequence[str]) -> alt.FacetChart:
    """Mean cosine similarity against density; band: interval from resampling networks."""
    tooltip = [
        alt.Tooltip("comparison:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("mean:Q", title="mean similarity", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("classes:Q", title="motifs compared"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    names = {"all": "all nodes", "live": "live nodes"}
    panel = [
        f"order {order}, {names.get(support, support)}"
        for order, support in zip(table["order"], table["support"], strict=True)
    ]
    y = alt.Y("mean:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))
    chart = _band_and_line(
        table.assign(panel=panel),
        kept(title=""),
        y,
        comparisons,
        "comparison",
        tooltip,
        ends=("low", "high"),
    )
    return _panels(chart, sorted(set(panel)), "panel")


def layers(table: pd.DataFrame, conditions: Sequence[str], measure: str) -> alt.FacetChart:
    """Edges or live nodes of each layer against density; line: median, band: quartiles."""
    chosen = table[table["measure"] == measure]
    chosen = chosen.assign(layer=chosen["layer"].map(lambda layer: f"layer {layer}"))
    names = sorted(chosen["layer"].unique(), key=lambda name: int(name.split()[1]))
    tooltip = _tooltip(
        alt.Tooltip("condition:N"),
        alt.Tooltip("median:Q", title=f"median {measure}", format=".4~g"),
        series="layer",
    )
    scale = alt.Scale(type="symlog", constant=1, domainMin=0, nice=False)
    ticks: list[float] = [0, *(10.0**power for power in range(8))]
    y = alt.Y("median:Q", title=None, scale=scale, axis=alt.Axis(values=ticks, labelExpr=_SHORT))
    chart = _band_and_line(chosen, kept(title=""), y, names, "layer", tooltip)
    return _panels(chart, conditions, "condition")


def to_dict(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The chart as Vega-Lite, its data inside."""
    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict(validate=False)
