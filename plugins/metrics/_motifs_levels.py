"""Significance profiles, one level at a time, of every condition: part of section Motifs."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness.report import Collection, Figure, Report
from harness.report.charts import RULE, lines, slider
from harness.tables.summaries import chosen_step, spread, stepped

from ._motifs_tables import motif_order, summed, trained

BREAK = "\u00a0"
"""An empty place on an axis, between the motifs of two orders."""


def profiles(data: Collection) -> pd.DataFrame:
    """Mean significance profile with quartiles over networks, by condition, order and level.

    A network's profile is its z on all nodes over the norm of those of one order (Milo et al. 2004,
    Science 303:1538). A row named `BREAK`, without a value, separates two orders.
    """
    chosen = summed(data)
    chosen = chosen[chosen["support"] == "all"]
    chosen = chosen[np.isfinite(chosen["z"].astype(float))]
    squares = chosen.assign(square=chosen["z"] ** 2)
    one = squares.groupby(["trial", "network", "level", "order"], sort=False, observed=True)
    norm = np.sqrt(one["square"].transform("sum"))
    shares = chosen.assign(share=(chosen["z"] / norm.where(norm > 0)))
    by = ["condition", "order", "motif", "level", "density", "later"]
    table = stepped(spread(shares, by, "share"))
    if table["order"].nunique() < 2:
        return table
    places = table[["condition", "density", "later", "step", "pruned"]].drop_duplicates()
    return pd.concat([table, places.assign(motif=BREAK)], ignore_index=True)


def axis(motifs: pd.DataFrame) -> list[str]:
    """Motif names by order, with a break between two orders."""
    orders = [motif_order(part) for _, part in motifs.groupby("order", observed=True)]
    names = [name for names in orders for name in [BREAK, *names]]
    return names[1:]


def profile_chart(
    table: pd.DataFrame, conditions: Sequence[str], axis: Sequence[str], *, step: int = 0
) -> alt.LayerChart | alt.FacetChart:
    """Mean significance profile of each condition over motifs at a level; band: quartiles.

    `table` is the result of `profiles`, `axis` that of `axis`.
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
    picked = "datum.step === level"
    chart = lines(
        table, x, y, conditions, "condition", tooltip, below=[zero], shown=picked
    ).properties(title=title)
    chart = chart.properties(height=280) if isinstance(chart, alt.LayerChart) else chart
    return chart.add_params(level)


def profile_figure(report: Report) -> list[Figure]:
    """Return the figure of mean significance profiles, or nothing without any."""
    table = profiles(report.data)
    if table.empty:
        return []
    step = chosen_step(table, report.density)
    return [
        Figure(
            "significance_profile",
            "Significance profile at one level",
            "Which motifs stand out, at any network size: each motif's z over the norm of the "
            "network's z of that order. Lines: mean over networks; bands: quartiles "
            f"({report.networks}). All nodes, null `layered`, exact. The slider picks the level.",
            "Mean significance profile of each condition over motifs; the data hold all levels.",
            profile_chart(table, report.data.conditions, axis(trained(report.data)), step=step),
            table[table["motif"] != BREAK],
            longest=report.longest,
            beside=True,
        )
    ]
