"""Figures of motifs that show one level at a time, of every condition: part of section Motifs."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness.report.charts import RULE, band_and_line, level_labels, signed_cells, slider
from harness.report.collection import Collection
from harness.report.pages.parts import Figure, pruned
from harness.report.sections.report import Report
from harness.report.summaries import last_of_equal, motif_order, nearest, spread

BREAK = "\u00a0"
"""A motif without a name and a value: it parts the orders of motifs on an axis."""

MORE, FEWER = "more copies than the null expects", "fewer"


def mean_z(motifs: pd.DataFrame) -> pd.DataFrame:
    """Mean z on all nodes, a row for each condition, motif and density at which it is defined.

    Of levels of equal density the last is taken. `motifs` is the table of
    `motifs.motif_by_density`. `step` numbers the densities that any condition has, from the densest
    on; `sign` and `size` are those of the mean.
    """
    chosen = motifs[(motifs["statistic"] == "z") & (motifs["support"] == "all")]
    columns = ["condition", "order", "motif", "level", "density", "n", "mean"]
    table = _stepped(last_of_equal(chosen[columns]))
    over = np.where(table["mean"] >= 0, MORE, FEWER)
    shown = [_shown(value) for value in table["mean"]]
    return table.assign(sign=over, size=table["mean"].abs(), shown=shown)


def _shown(value: float) -> str:
    """A mean z for a small cell: one decimal below 10, none above."""
    text = f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}".replace("-0.0", "0.0")
    return text.replace("-", "−")


def profiles(data: Collection) -> pd.DataFrame:
    """Mean significance profile with quartiles over networks, by condition, order and level.

    A network's profile is its z on all nodes over the norm of those of one order (Milo et al. 2004,
    Science 303:1538). Of levels of equal density the last is taken. Between two orders stands a
    row without a value, named `BREAK`.
    """
    chosen = data.summed[data.summed["support"] == "all"]
    chosen = chosen[np.isfinite(chosen["z"].astype(float))]
    squares = chosen.assign(square=chosen["z"] ** 2)
    one = squares.groupby(["trial", "network", "level", "order"], sort=False, observed=True)
    norm = np.sqrt(one["square"].transform("sum"))
    shares = chosen.assign(share=(chosen["z"] / norm.where(norm > 0)))
    by = ["condition", "order", "motif", "level", "density"]
    table = _stepped(last_of_equal(spread(shares, by, "share")))
    if table["order"].nunique() < 2:
        return table
    places = table[["condition", "density", "step", "pruned"]].drop_duplicates()
    return pd.concat([table, places.assign(motif=BREAK)], ignore_index=True)


def axis(motifs: pd.DataFrame) -> list[str]:
    """Motif names by order, with a break between two orders."""
    orders = [motif_order(part) for _, part in motifs.groupby("order", observed=True)]
    names = [name for names in orders for name in [BREAK, *names]]
    return names[1:]


def steps(table: pd.DataFrame) -> list[float]:
    """The densities of a table by step."""
    return sorted(table["density"].unique(), reverse=True)


def _stepped(table: pd.DataFrame) -> pd.DataFrame:
    order: Sequence[float] = steps(table)
    number = {density: step for step, density in enumerate(order)}
    said = {density: pruned(density) for density in order}
    return table.assign(
        step=table["density"].map(number).astype(int), pruned=table["density"].map(said)
    )


def heatmap_chart(
    table: pd.DataFrame, conditions: Sequence[str], order: Sequence[str], *, step: int = 0
) -> alt.LayerChart:
    """Mean z of every motif under every condition at a level; with one condition, at all levels.

    The table is that of `mean_z`. The hue says the sign, its strength the size, on one
    scale for all levels; the paper shows through, light or dark.
    """
    several = len(conditions) > 1
    labels = level_labels(table)
    columns, field = (list(conditions), "condition") if several else (labels, "pruned")
    place = alt.Axis(labelAngle=-35, labelLimit=170, domain=False, ticks=False, grid=False)
    base = alt.Chart().encode(
        x=alt.X(f"{field}:N", sort=columns, title=None, axis=place),
        y=alt.Y("motif:N", sort=list(order), title=None, axis=alt.Axis(grid=False)),
    )
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("motif:N"),
        alt.Tooltip("pruned:N", title="level"),
        alt.Tooltip("mean:Q", title="mean z", format=".2f"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    largest = float(table["size"].max()) if len(table) else 1.0
    cells = signed_cells(base, largest, (MORE, FEWER), tooltip)
    chart = alt.LayerChart(data=table, layer=cells, height=24 * len(order))
    if not several:
        return chart
    level, title = slider(table, step)
    return chart.transform_filter("datum.step === level").properties(title=title).add_params(level)


def profile_chart(
    table: pd.DataFrame, conditions: Sequence[str], axis: Sequence[str], *, step: int = 0
) -> alt.LayerChart:
    """Mean significance profile of each condition over motifs at a level; band: quartiles.

    The table is that of `profiles`, the axis that of `axis`.
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
    chart = band_and_line(table, x, y, conditions, "condition", tooltip, below=[zero])
    chart = chart.transform_filter("datum.step === level")
    return chart.properties(title=title, height=280).add_params(level)


def level_figures(report: Report, by_density: pd.DataFrame) -> list[Figure]:
    """Mean z of every motif by condition, and the mean significance profiles.

    `by_density` is the table of `motifs.motif_by_density`.
    """
    found = (_heatmap(report, by_density), _profile(report))
    return [figure for figure in found if figure is not None]


def _step(report: Report, densities: list[float]) -> int:
    """The number of the chosen level among these densities."""
    return densities.index(nearest(densities, report.density))


def _heatmap(report: Report, by_density: pd.DataFrame) -> Figure | None:
    table = mean_z(by_density)
    if table.empty:
        return None
    several = len(report.data.conditions) > 1
    how = "The slider picks the level." if several else "A column for each level."
    title = "motif and condition" if several else "motif and level"
    step = _step(report, steps(table))
    return Figure(
        "motif_z_heatmap",
        f"Mean z by {title}",
        f"Figures are mean z over networks ({report.networks}), all nodes, null `layered`, exact, "
        f"not induced, summed over layers. Blue: more copies than expected, orange: fewer; one "
        f"scale of colours for all levels. Nothing is shown where z is undefined. {how}",
        f"Mean z of {len(report.motifs)} motifs by {title}; the data hold all levels.",
        heatmap_chart(table, report.data.conditions, report.motifs, step=step),
        table.drop(columns=["sign", "size", "shown"]),
        axis=110,
        longest=34,
    )


def _profile(report: Report) -> Figure | None:
    table = profiles(report.data)
    if table.empty:
        return None
    step = _step(report, steps(table))
    return Figure(
        "significance_profile",
        "Significance profile at one level",
        "z of each motif over the norm of a network's z of that order: which motifs, whatever the "
        f"size of the network. Lines: mean over networks; bands: quartiles ({report.networks}). "
        "All nodes, null `layered`, exact. The slider picks the level.",
        "Mean significance profile of each condition over motifs; the data hold all levels.",
        profile_chart(table, report.data.conditions, axis(report.data.motifs), step=step),
        table[table["motif"] != BREAK],
        longest=report.longest,
    )
