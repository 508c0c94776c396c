"""Loss and the figures of merit against density."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report.charts._base import band_and_line, crosses, kept, panels_of, tooltip_of


def loss(
    table: pd.DataFrame, conditions: Sequence[str], *, against: str = "density"
) -> alt.LayerChart:
    """Median loss against density or `against="effective_density"`; band: quartiles.

    Levels whose column `left_out` is true are crossed out.
    """
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
    tooltip = tooltip_of(alt.Tooltip("median:Q", title="median loss", format=".4~g"))
    x = kept(against, title)
    below = [crosses(x, y)]
    return band_and_line(table, x, y, conditions, "condition", tooltip, below=below)


def evaluations(table: pd.DataFrame, conditions: Sequence[str]) -> alt.FacetChart:
    """Every figure of merit against density, a panel each; line: median, band: quartiles."""
    units = table["unit"].astype(str)
    panel = table["measure"].astype(str) + units.map(lambda unit: f" ({unit})" * (unit != "1"))
    tooltip = tooltip_of(
        alt.Tooltip("panel:N", title="measure"),
        alt.Tooltip("median:Q", format=".4~g"),
    )
    y = alt.Y(
        "median:Q",
        title=None,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=".6~g", tickCount=5),
    )
    chart = band_and_line(
        table.assign(panel=panel), kept(title=""), y, conditions, "condition", tooltip
    )
    panels = panels_of(chart, list(dict.fromkeys(panel)), "panel").resolve_scale(y="independent")
    # Each panel has its own axis: flush, or labels of other lengths would move the panels.
    return panels.properties(bounds="flush", spacing=alt.RowColnumber(row=62, column=58))
