"""Paired differences between conditions."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report.charts._base import RULE, SERIES


def paired_motifs(table: pd.DataFrame, order: Sequence[str]) -> alt.FacetChart:
    """Mean paired difference of z of every motif with its interval, a panel a comparison.

    The table is the part of `_pairs.comparisons` that is about z. Filled: corrected p up to 5 %.
    """
    y = alt.Y("quantity:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False))
    chart = _forest(table, y, "difference of z").properties(width=290, height=300)
    return _panels(chart, table, "comparison", columns=3)


def paired_quantities(table: pd.DataFrame, comparisons: Sequence[str]) -> alt.FacetChart:
    """Mean paired difference of each quantity with its interval, a panel a quantity.

    The table is the part of `_pairs.comparisons` that is not about z. Filled: p up to 5 %.
    """
    axis = alt.Axis(grid=True, domain=False, labelLimit=300)
    y = alt.Y("comparison:N", sort=list(comparisons), title=None, axis=axis)
    height = 40 + 22 * len(comparisons)
    chart = _forest(table, y, None).properties(width=290, height=height)
    return _panels(chart, table, "quantity", columns=2).resolve_scale(x="independent")


def _forest(table: pd.DataFrame, y: alt.Y, title: str | None) -> alt.LayerChart:
    table = table.assign(clear=table["adjusted"] <= 0.05)
    tooltip = [
        alt.Tooltip("comparison:N"),
        alt.Tooltip("quantity:N"),
        alt.Tooltip("difference:Q", title="mean difference", format=".4~g"),
        alt.Tooltip("low:Q", title="interval from", format=".4~g"),
        alt.Tooltip("high:Q", title="to", format=".4~g"),
        alt.Tooltip("p:Q", format=".3~g"),
        alt.Tooltip("adjusted:Q", title="p, corrected", format=".3~g"),
        alt.Tooltip("n:Q", title="pairs"),
    ]
    base = alt.Chart().encode(y=y)
    axis = alt.Axis(tickCount=5, format=".4~g")
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55, color=SERIES[0]).encode(
        x=alt.X("low:Q", title=title, axis=axis), x2="high:Q"
    )
    points = base.mark_point(size=52, opacity=1, color=SERIES[0], fill=SERIES[0]).encode(
        x=alt.X("difference:Q", title=title, axis=axis),
        fillOpacity=alt.condition("datum.clear", alt.value(1), alt.value(0)),
        tooltip=tooltip,
    )
    return alt.LayerChart(data=table, layer=[zero, bars, points])


def _panels(
    chart: alt.LayerChart, table: pd.DataFrame, field: str, *, columns: int
) -> alt.FacetChart:
    header = alt.Header(title=None, labelLimit=300, labelAnchor="start")
    names = list(dict.fromkeys(table[field].astype(str)))
    return chart.facet(facet=alt.Facet(f"{field}:N", sort=names, header=header), columns=columns)
