"""The figures of the study `pruners`."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from harness.report import charts
from harness.tables.parts import fixed, percent_pruned

UNCLEAR = "not told from chance"
"""What the legend says of hatched cells."""


def clear(
    table: pd.DataFrame, low: str = "low", high: str = "high", at: float = 0
) -> "pd.Series[bool]":
    """Return where an interval excludes a value."""
    return (table[low] > at) | (table[high] < at)


def judged(table: pd.DataFrame) -> alt.FacetChart:
    """Return ratios of losses with their intervals by % pruned, a panel an expectation."""
    y = alt.Y(
        "ratio:Q",
        title="ratio of losses, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=5),
    )
    tooltip = [
        alt.Tooltip("claim:N"),
        charts.PRUNED,
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
    chart = charts.with_pruned(alt.LayerChart(data=table, layer=[one, bars, line, points]))
    names = list(table["panel"].unique())
    panels = charts.panels_of(chart, names, "panel", size=(290, 150), columns=3, spacing=24)
    return panels.resolve_scale(y="independent")


def heatmap(
    table: pd.DataFrame,
    families: Mapping[str, Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    names: tuple[str, str],
    largest: float,
    tooltip: Sequence[alt.Tooltip],
    title: str | None = None,
) -> alt.LayerChart:
    """Return cells by `pruner` (rows) and `column` of the table, each with its number `shown`.

    Rows stand by family, those of no family last. The hue says by `names` whether `signed` is above
    zero or below; up to `largest` it deepens. Cells are hatched where `clear` is false.
    """
    sign = table["signed"].ge(0).map(dict(zip((True, False), names, strict=True)))
    table = table.assign(sign=sign, size=table["signed"].abs(), unclear=~table["clear"])
    known = {name for family in families.values() for name in family}
    if others := [name for name in table["pruner"].unique() if name not in known]:
        families, rows = {**families, "of another run": others}, [*rows, *others]
    places = charts.grouped(families, rows)
    axis = alt.Axis(labelAngle=-35, labelLimit=170, domain=False, ticks=False, grid=False)
    base = alt.Chart().encode(
        x=alt.X("column:N", sort=list(columns), title=title, axis=axis),
        y=alt.Y(
            "pruner:N",
            scale=alt.Scale(domain=places),
            title=None,
            axis=charts.grouped_axis(families),
        ),
    )
    layers = charts.signed_cells(base, largest, names, tooltip, unclear=UNCLEAR)
    return alt.LayerChart(data=table, layer=layers, height=23 * len(places))


def by_density(
    table: pd.DataFrame,
    families: Mapping[str, Sequence[str]],
    rows: Sequence[str],
    value: str,
    signed: "pd.Series[float]",
    clear: "pd.Series[bool]",
    names: tuple[str, str],
    largest: float,
    tooltip: Sequence[alt.Tooltip],
) -> alt.LayerChart:
    """Return a heat map of a column of the table by pruner and % pruned."""
    cells = table.assign(
        column=table["density"].map(percent_pruned),
        signed=signed,
        clear=clear,
        shown=table[value].map(lambda number: fixed(number, 2)),
    )
    columns = list(cells["column"].unique())
    return heatmap(cells, families, rows, columns, names, largest, tooltip, "% pruned")
