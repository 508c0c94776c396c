"""How alike networks are."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report._similarity import BETWEEN, CONTROLS
from harness.report.charts._base import RULE, band_and_line, kept, panels_of


def similarity(table: pd.DataFrame, comparisons: Sequence[str]) -> alt.FacetChart:
    """Noise-corrected similarity against density with its interval; grey lines: the controls.

    The table is that of `_similarity.similarity`.
    """
    tooltip = [
        alt.Tooltip("comparison:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("mean:Q", title="similarity", format=".3f"),
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
        _beside(table.assign(panel=panel)),
        kept(title=""),
        y,
        comparisons,
        "comparison",
        tooltip,
        ends=("low", "high"),
        below=_controls(scale),
    )
    return panels_of(chart, sorted(set(panel)), "panel")


def _beside(table: pd.DataFrame) -> pd.DataFrame:
    """The controls in a column of their own: they are no comparison that the legend picks."""
    control = table["graphs"] != "networks"
    shown = table[~control | (table["comparison"] != BETWEEN)]
    hidden = {end: shown[end].mask(control) for end in ("mean", "low", "high")}
    return shown.assign(control=shown["mean"].where(control), **hidden)


def _controls(scale: alt.Scale) -> list[alt.Chart]:
    names = list(CONTROLS.values())
    dash = alt.StrokeDash(
        "graphs:N", scale=alt.Scale(domain=names, range=[[6, 3], [2, 3]]), legend=None
    )
    base = alt.Chart().transform_filter("isValid(datum.control)")
    base = base.encode(
        x=kept(title=""),
        y=alt.Y("control:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4)),
        detail="comparison:N",
        tooltip=[
            alt.Tooltip("graphs:N", title="random graphs with"),
            alt.Tooltip("comparison:N"),
            alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
            alt.Tooltip("control:Q", title="similarity", format=".3f"),
            alt.Tooltip("n:Q", title="graphs"),
        ],
    )
    line = base.mark_line(color=RULE, strokeWidth=1.75).encode(strokeDash=dash)
    return [line, base.mark_point(color=RULE, size=18)]
