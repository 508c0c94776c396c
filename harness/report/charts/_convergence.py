"""How alike networks are."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report._similarity import NULL
from harness.report.charts._base import RULE, band_and_line, kept, panels_of


def similarity(table: pd.DataFrame, comparisons: Sequence[str]) -> alt.FacetChart:
    """Mean cosine similarity against density; band: interval from resampling networks.

    The table is that of `_similarity.similarity`. Its null draws are the grey line and band.
    """
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
    scale = alt.Scale(zero=False)
    y = alt.Y("mean:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4))
    chart = band_and_line(
        _null_beside(table.assign(panel=panel)),
        kept(title=""),
        y,
        comparisons,
        "comparison",
        tooltip,
        ends=("low", "high"),
        below=_null(scale),
    )
    return panels_of(chart, sorted(set(panel)), "panel")


def _null_beside(table: pd.DataFrame) -> pd.DataFrame:
    """The null draws in columns of their own: they are no comparison that the legend picks."""
    drawn = table["comparison"] == NULL
    values = {f"null_{end}": table[end].where(drawn) for end in ("mean", "low", "high")}
    hidden = {end: table[end].mask(drawn) for end in ("mean", "low", "high")}
    return table.assign(**values, **hidden)


def _null(scale: alt.Scale) -> list[alt.Chart]:
    base = alt.Chart().transform_filter("isValid(datum.null_mean)").encode(x=kept(title=""))
    axis = alt.Axis(tickCount=4)
    low = alt.Y("null_low:Q", title=None, scale=scale, axis=axis)
    line = base.mark_line(color=RULE, strokeWidth=1.75, strokeDash=[5, 3]).encode(
        y=alt.Y("null_mean:Q", title=None, scale=scale, axis=axis),
        tooltip=[
            alt.Tooltip("comparison:N"),
            alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
            alt.Tooltip("null_mean:Q", title="mean similarity", format=".3f"),
            alt.Tooltip("null_low:Q", title="interval from", format=".3f"),
            alt.Tooltip("null_high:Q", title="to", format=".3f"),
            alt.Tooltip("n:Q", title="graphs"),
        ],
    )
    return [base.mark_area(color=RULE, opacity=0.25).encode(y=low, y2="null_high:Q"), line]
