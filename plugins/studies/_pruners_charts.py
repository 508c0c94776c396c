"""The figures of the study `pruners`."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report import charts


def judged(table: pd.DataFrame) -> alt.FacetChart:
    """Return ratios of losses with their intervals against density, a panel an expectation."""
    y = alt.Y(
        "ratio:Q",
        title="ratio of losses, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=5),
    )
    tooltip = [
        alt.Tooltip("claim:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("ratio:Q", format=".3~g"),
        alt.Tooltip("low:Q", title="interval from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
        alt.Tooltip("adjusted:Q", title="p, corrected", format=".3~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    one = alt.Chart().mark_rule(color=charts.RULE).encode(y=alt.datum(1))
    x = charts.kept()
    base = alt.Chart().encode(x=x, color=alt.value(charts.SERIES[0]))
    low = y.copy()
    low.shorthand = "low:Q"
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(y=low, y2="high:Q")
    line = base.mark_line(strokeWidth=1, opacity=0.5).encode(y=y)
    points = base.mark_point(filled=True, size=52, opacity=1).encode(y=y, tooltip=tooltip)
    chart = alt.LayerChart(data=table, layer=[one, bars, line, points])
    header = alt.Header(title=None, labelLimit=290, labelAnchor="start")
    facet = alt.Facet("panel:N", sort=list(table["panel"].unique()), header=header)
    panels = chart.properties(width=290, height=150).facet(facet=facet, columns=3, spacing=24)
    return panels.resolve_axis(x="independent").resolve_scale(y="independent")


def heatmap(
    table: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    names: tuple[str, str],
    largest: float,
    tooltip: Sequence[alt.Tooltip],
) -> alt.LayerChart:
    """Return cells by `pruner` (rows) and `column` of the table, each with its number `shown`.

    The hue says by `names` whether `signed` is above zero or below; up to `largest` it deepens.
    """
    sign = table["signed"].ge(0).map(dict(zip((True, False), names, strict=True)))
    table = table.assign(sign=sign, size=table["signed"].abs())
    axis = alt.Axis(labelAngle=-35, labelLimit=170, domain=False, ticks=False, grid=False)
    base = alt.Chart().encode(
        x=alt.X("column:N", sort=list(columns), title=None, axis=axis),
        y=alt.Y("pruner:N", sort=list(rows), title=None, axis=alt.Axis(grid=False)),
    )
    layers = charts.signed_cells(base, largest, names, tooltip)
    return alt.LayerChart(data=table, layer=layers, height=23 * len(rows))


def by_density(
    table: pd.DataFrame,
    rows: Sequence[str],
    value: str,
    signed: "pd.Series[float]",
    names: tuple[str, str],
    largest: float,
    tooltip: Sequence[alt.Tooltip],
) -> alt.LayerChart:
    """Return a heat map of a column of the table by pruner and share of weights kept."""
    cells = table.assign(
        column=table["density"].map(lambda density: f"{100 * density:.3g} %"),
        signed=signed,
        shown=table[value].map(lambda number: f"{number:.2f}"),
    )
    return heatmap(cells, rows, list(cells["column"].unique()), names, largest, tooltip)
